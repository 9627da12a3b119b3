import { decayed } from '../../shared/domain/decayed.ts';
import { addLabel, longHalfLifeMs, type MerchantLabels, noLabels, shortHalfLifeMs } from '../../shared/domain/merchantLabels.ts';
import type { Item, Write } from '../../shared/ports/ports.ts';
import { merchantKey } from '../../shared/store/names.ts';

/** One word on a merchant's transaction: whether it was fraud, and when that became known. */
export interface KnownLabel {
  readonly fraud: boolean;
  readonly knownAtMs: number;
}

/** Weights below this are nothing: the table holds no smaller numbers than 1e-130, and figures show six decimals. */
const leastWeight = 1e-9;

/** A merchant's labels with one more, in the place of `replaced` if that was counted before. */
export function relabelled(labels: MerchantLabels, label: KnownLabel, replaced: KnownLabel | null): MerchantLabels {
  return addLabel(replaced === null ? labels : withoutLabel(labels, replaced), label.fraud, label.knownAtMs);
}

/** As if the label had never been counted: what is left of its weight is taken away. */
function withoutLabel(labels: MerchantLabels, { fraud, knownAtMs }: KnownLabel): MerchantLabels {
  const left = (weight: number, halfLifeMs: number): number => {
    const rest = weight - decayed(1, knownAtMs, Math.max(labels.atMs, knownAtMs), halfLifeMs);
    return rest < leastWeight ? 0 : rest;
  };
  const ofFraud = (weight: number, halfLifeMs: number): number => (fraud ? left(weight, halfLifeMs) : weight);
  return {
    labelled: Math.max(0, labels.labelled - 1),
    frauds: Math.max(0, labels.frauds - (fraud ? 1 : 0)),
    atMs: labels.atMs,
    labelledShort: left(labels.labelledShort, shortHalfLifeMs),
    fraudsShort: ofFraud(labels.fraudsShort, shortHalfLifeMs),
    labelledLong: left(labels.labelledLong, longHalfLifeMs),
    fraudsLong: ofFraud(labels.fraudsLong, longHalfLifeMs),
  };
}

/** Moves a merchant's figures, provided that they are still as read in `before`. */
export function figuresWrite(
  tenant: string,
  merchantId: string,
  before: Item | null,
  label: KnownLabel,
  replaced: KnownLabel | null,
): Write {
  const { atMs, ...weights } = relabelled(before === null ? noLabels : labelsFromItem(before), label, replaced);
  const revision = before === null ? 0 : Number(before.revision);
  const item = { ...merchantKey(tenant, merchantId), ...rounded(weights), asOfMs: atMs, revision: revision + 1 };
  return {
    kind: 'put',
    item,
    condition: before === null ? { kind: 'absent' } : { kind: 'equals', attribute: 'revision', value: revision },
  };
}

export function labelsFromItem(item: Item): MerchantLabels {
  const number = (name: string): number => (typeof item[name] === 'number' ? (item[name] as number) : 0);
  return {
    labelled: number('labelled'),
    frauds: number('frauds'),
    atMs: number('asOfMs'),
    labelledShort: number('labelledShort'),
    fraudsShort: number('fraudsShort'),
    labelledLong: number('labelledLong'),
    fraudsLong: number('fraudsLong'),
  };
}

const rounded = <Weights extends Record<string, number>>(weights: Weights): Weights =>
  Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, weight < leastWeight ? 0 : weight])) as Weights;
