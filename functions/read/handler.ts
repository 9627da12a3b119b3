import { queueProbe } from '../../shared/aws/queueProbe.ts';
import { required, services } from '../../shared/aws/services.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { readEndpoints } from './endpoints.ts';
import { inputsOpener } from './inputs.ts';

const { table, clock, randomness, masterSecret } = services();

export const handler = httpHandler(
  'read',
  readEndpoints({
    table,
    openInputs: inputsOpener(masterSecret),
    version: required('version'),
    waitingMessages: queueProbe({ url: required('queueUrl') }),
  }),
  { table, clock, randomness },
);
