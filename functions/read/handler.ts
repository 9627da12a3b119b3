import { queueProbe } from '../../shared/adapters/aws/queueProbe.ts';
import { services } from '../../shared/adapters/aws/services.ts';
import { environmentPublicKey } from '../../shared/adapters/aws/signer.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { tokenIssuerOf } from '../../shared/edge/tokens.ts';
import { optional, required } from '../../shared/store/environment.ts';
import { readEndpoints } from './endpoints.ts';
import { erasedChains } from './erasedChains.ts';
import { inputsOpener } from './inputs.ts';

const { table, archive, checkpoints, clock, randomness, masterSecret } = services();
export const handler = httpHandler(
  'read',
  readEndpoints({
    table,
    openInputs: inputsOpener(masterSecret),
    masterSecret,
    findErasedChain: erasedChains(table, masterSecret),
    evidence: { table, archive, checkpoints, clock, publicKey: environmentPublicKey() },
    version: required('version'),
    tokenIssuer: tokenIssuerOf(optional('tokenIssuer')),
    waitingMessages: queueProbe({ url: required('queueUrl') }),
  }),
  { table, clock, randomness },
);
