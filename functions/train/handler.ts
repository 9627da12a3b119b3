import { required, services } from '../../shared/aws/services.ts';
import { log } from '../../shared/edge/log.ts';
import { trainModel } from './train.ts';

const world = services();

export const handler = () => {
  const { table, archive, models, clock } = world;
  return trainModel({ table, archive, models, clock, log, codeVersion: required('version') });
};
