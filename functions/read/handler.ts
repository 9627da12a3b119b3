import { queueProbe } from '../../shared/aws/queueProbe.ts';
import { services } from '../../shared/aws/services.ts';
import { environmentPublicKey } from '../../shared/aws/signer.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { tokenIssuerOf } from '../../shared/edge/tokens.ts';
import { optional, required } from '../../shared/environment.ts';
import { erasedChains } from '../../shared/erasure/erasedChains.ts';
import { readEndpoints } from './endpoints.ts';
import { inputsOpener } from './inputs.ts';

const { table, archive, checkpoints, clock, randomness, masterSecret } = services();

export const handler = httpHandler(
  'read',
  readEndpoints({
    table,
    openInputs: inputsOpener(masterSecret),
    findErasedChain: erasedChains(table, masterSecret),
    evidence: { table, archive, checkpoints, clock, publicKey: environmentPublicKey() },
    version: required('version'),
    tokenIssuer: tokenIssuerOf(optional('tokenIssuer')),
    waitingMessages: queueProbe({ url: required('queueUrl') }),
  }),
  { table, clock, randomness },
);
