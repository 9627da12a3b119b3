import type { FindingKind } from '../../../../functions/read/evidence/finding.ts';
import type { Key } from '../../../../shared/ports/ports.ts';
import type { Random } from '../tampering.ts';
import type { LiveWorld } from './world.ts';

/** What the verifier must say: a finding of this kind, at this place. */
export interface Owed {
  readonly kind: FindingKind;
  readonly chain?: string;
  readonly sequence?: number;
  /** `pk / sk` of the table's item. */
  readonly item?: string;
  /** A word of the text, where nothing else names the place. */
  readonly text?: string;
}

export type Tampering = (world: LiveWorld, random: Random) => Promise<Owed>;

export const nameOf = ({ pk, sk }: Key): string => `${pk} / ${sk}`;
/** One of these values, by chance. Throws an Error when there is none. */
export const pick = <Value>(values: readonly Value[], random: Random): Value => {
  if (values.length === 0) throw new Error('the world has nothing of the kind to tamper with');
  return values[random(values.length)]!;
};
