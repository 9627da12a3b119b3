import { Construct } from 'constructs';
import { env } from '../shared/store/names.ts';
import type { Data } from './data.ts';
import { HouseFunction } from './function.ts';
import type { Settings } from './settings.ts';

/** Policies and lists in; new versions and entries of the system chain out. */
export class Admin extends Construct {
  readonly function: HouseFunction;

  constructor(scope: Construct, id: string, props: { readonly data: Data; readonly settings: Settings }) {
    super(scope, id);
    const { data, settings } = props;
    this.function = new HouseFunction(this, 'Handler', {
      stage: 'admin',
      data,
      settings,
      isAudited: true,
      memoryMb: 512,
      timeoutSeconds: 15,
    })
      .readsItems('key', 'policy', 'list', 'audit')
      .putsItems('policy', 'list', 'audit')
      .deletesItems('list');
    if (settings.policyApprovals > 0) this.function.told(env.policyApprovals, String(settings.policyApprovals));
  }
}
