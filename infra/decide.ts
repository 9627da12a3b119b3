import { Construct } from 'constructs';
import type { Data } from './data.ts';
import { mayDecide } from './deciding.ts';
import { HouseFunction } from './function.ts';
import type { Settings } from './settings.ts';

/** One HTTPS transaction in, its decision out in the same call. */
export class Decide extends Construct {
  readonly function: HouseFunction;

  constructor(scope: Construct, id: string, props: { readonly data: Data; readonly settings: Settings }) {
    super(scope, id);
    const { data, settings } = props;
    this.function = new HouseFunction(this, 'Handler', {
      stage: 'decide',
      data,
      settings,
      isAudited: true,
      memoryMb: 1024,
      timeoutSeconds: 15,
      provisionedConcurrency: settings.decideProvisionedConcurrency,
    });
    mayDecide(this.function, data).readsItems('key');
  }
}
