import { env } from '../shared/store/names.ts';
import type { Data } from './data.ts';
import type { HouseFunction } from './function.ts';

/** What it takes to decide and commit, by the queue or in the call: read all that a decision rests on, count it on its entities, put its three items. */
export const mayDecide = (fn: HouseFunction, data: Data): HouseFunction =>
  fn
    .readsItems('state', 'decision', 'audit', 'policy', 'list', 'merchant', 'model', 'secret', 'entity', 'feed')
    .updatesItems('entity')
    .putsItems('state', 'decision', 'audit')
    .createsMasterSecret()
    .readsObjects('Models', data.modelBucket, env.modelBucket);
