import { Construct } from 'constructs';
import type { Data } from './data.ts';
import { HouseFunction } from './function.ts';
import type { Settings } from './settings.ts';

/** An analyst's disposition in; label, audit entry, the merchant's figures, marks on the payment's entities and the closed review out, in one transaction. */
export class Review extends Construct {
  readonly function: HouseFunction;

  constructor(scope: Construct, id: string, props: { readonly data: Data; readonly settings: Settings }) {
    super(scope, id);
    const { data, settings } = props;
    this.function = new HouseFunction(this, 'Handler', {
      stage: 'review',
      data,
      settings,
      isAudited: true,
      memoryMb: 512,
      timeoutSeconds: 15,
    })
      .readsItems('key', 'state', 'decision', 'audit', 'label', 'review', 'merchant', 'secret', 'policy')
      .readsItemsAtOnce('entity')
      .updatesItems('entity')
      .putsItems('state', 'audit', 'label', 'review', 'merchant')
      .updatesItems('counter')
      .checksItems('review')
      .deletesItems('review')
      .opensMasterSecret();
  }
}
