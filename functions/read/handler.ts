import { env } from '../../shared/aws/keys.ts';
import { queueProbe } from '../../shared/aws/queueProbe.ts';
import { required, services } from '../../shared/aws/services.ts';
import { environmentPublicKey } from '../../shared/aws/signer.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { tokenIssuerOf } from '../../shared/edge/tokens.ts';
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
    tokenIssuer: tokenIssuerOf(process.env[env.tokenIssuer]),
    waitingMessages: queueProbe({ url: required('queueUrl') }),
  }),
  { table, clock, randomness },
);
