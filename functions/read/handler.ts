import { queueProbe } from '../../shared/adapters/aws/queueProbe.ts';
import { required, services } from '../../shared/adapters/aws/services.ts';
import { environmentPublicKey } from '../../shared/adapters/aws/signer.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { tokenIssuerOf } from '../../shared/edge/tokens.ts';
import { env } from '../../shared/store/names.ts';
import { readEndpoints } from './endpoints.ts';
import { erasedChains } from './erasedChains.ts';
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
