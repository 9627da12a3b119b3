import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalBody } from '../../../shared/domain/audit.ts';
import { type Cause, causes, type Decision } from '../../../shared/domain/decision.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import type { Names } from '../../../shared/domain/fields.ts';
import { NewerRow } from '../../../shared/domain/rowFormat.ts';
import { recordedSignals, type SignalName, signalNames } from '../../../shared/domain/signals/names.ts';
import {
  auditFromItem,
  auditItem,
  decisionFromItem,
  decisionItem,
  itemsWith,
  paymentFromItem,
} from '../../../shared/ledger/items.ts';
import { hashOf } from '../../../shared/secrets/sealer.ts';
import { DrivenAccount } from '../domain/driven.ts';
import { transaction } from '../policy/fixtures.ts';
import { loud, model, paid, stored } from './storedDecisions.ts';

describe('items of a version with more signals, features and causes', () => {
  const added = ['LATER_A', 'LATER_B', 'LATER_C', 'LATER_D', 'LATER_E'];
  const known: Names = {
    signals: [...signalNames, ...added],
    features: [...featureNames, 'laterF', 'laterG'],
    causes: [...causes, 'LATER_CAUSE'],
  };
  const newer = itemsWith(known);

  /** A decision of this version, and as one of the newer version would be; the numbers say how much of the new it holds. */
  const pairs = fc
    .record({
      transactions: fc.array(paid, { minLength: 1, maxLength: 3 }),
      values: fc.array(fc.option(fc.nat(1000), { nil: null }), { minLength: 0, maxLength: added.length }),
      hasFeatures: fc.boolean(),
      hasCause: fc.boolean(),
    })
    .map(({ transactions, values, hasFeatures, hasCause }) => {
      const account = new DrivenAccount(loud, { model, degraded: null });
      const merchant = { labelled: 5, frauds: 1, riskShort: 0.123456, riskLong: null };
      const [last] = transactions.map((one) => account.pay(one, { merchant })).slice(-1);
      const { decision, entry } = last!;
      const own = values.map((_, i) => added[i]!);
      const degraded = [
        ...decision.degraded,
        ...(values.length > 0 ? [{ part: added[values.length - 1]!, cause: 'LATE' as const }] : []),
        ...(hasCause ? [{ part: 'MODEL', cause: 'LATER_CAUSE' as Cause }] : []),
      ];
      const grown: Decision = {
        ...decision,
        signals: [...decision.signals, ...values],
        triggered: decision.triggered | (values.length > 0 ? 2 ** (signalNames.length - 1 + values.length) : 0),
        triggers24h: [...decision.triggers24h, ...values.map((value) => value ?? 0)],
        reasons: [
          ...decision.reasons,
          ...own.map((signal, i) => ({ signal, value: values[i]!, threshold: 3, points: 12.5, usual: null })),
        ],
        degraded,
        features: hasFeatures ? [...decision.features!, 1, 2] : decision.features,
        anomaly: hasFeatures
          ? { ...decision.anomaly!, contributions: [...decision.anomaly!.contributions, { feature: 'laterG', points: 0.25 }] }
          : decision.anomaly,
      };
      const body = { ...entry.body, signals: recordedSignals(grown.signals, known.signals), degraded };
      const triggered = known.signals.filter((_, i) => grown.triggered & (1 << i)) as SignalName[];
      const needs = { decision: values.length > 0 || hasFeatures || hasCause, entry: values.length > 0 || hasCause };
      return { grown, entry: { body: { ...body, triggered }, hash: entry.hash }, needs };
    });

  test('read back equal by that version', () => {
    fc.assert(
      fc.property(pairs, ({ grown, entry }) => {
        expect(newer.decisionFromItem(newer.decisionItem(stored(grown)))).toEqual(stored(grown));
        expect(newer.auditFromItem(newer.auditItem(entry, grown))).toEqual(entry);
      }),
    );
  });

  test('are read by this version where they hold nothing new, and refused by name where they do', () => {
    fc.assert(
      fc.property(pairs, ({ grown, entry, needs }) => {
        const decided = newer.decisionItem(stored(grown));
        const audited = newer.auditItem(entry, grown);
        if (needs.decision) expect(() => decisionFromItem(decided)).toThrow(NewerRow);
        else expect(decisionFromItem(decided)).toEqual(stored(grown));
        if (needs.entry) {
          expect(() => auditFromItem(audited)).toThrow(NewerRow);
          expect(() => paymentFromItem(audited)).toThrow(NewerRow);
        } else expect(auditFromItem(audited)).toEqual(entry);
      }),
    );
  });

  test('hold the bytes of this version where they hold nothing new', () => {
    fc.assert(
      fc.property(pairs, ({ grown, entry, needs }) => {
        if (!needs.decision) expect(newer.decisionItem(stored(grown))).toEqual(decisionItem(stored(grown)));
        if (!needs.entry) expect(newer.auditItem(entry, grown)).toEqual(auditItem(entry, grown));
      }),
    );
  });

  test('take rows of this version over: an entry names the signals that it was decided with, and hashes as before', () => {
    const account = new DrivenAccount(loud, { model, degraded: null });
    const { decision, entry } = account.pay(transaction);
    const read = newer.auditFromItem(auditItem(entry, decision));
    expect(read).toEqual(entry);
    expect(hashOf(read.body)).toBe(entry.hash);
    expect(canonicalBody(read.body as never)).toBe(canonicalBody(entry.body));
    expect(newer.decisionFromItem(decisionItem(stored(decision))).decision.signals).toHaveLength(signalNames.length);
  });

  test.each([
    ['signal', 4, 'position 99 in a list of 14 signals'],
    ['cause', 3, 'position 99 in a list of 1 causes'],
  ])('a %s beyond those of its row is damage', (_, fromEnd, message) => {
    const { decision } = new DrivenAccount(loud).pay(transaction);
    const degraded = [{ part: 'TOTAL_SPEND_24H', cause: 'LATE' as const }];
    const item = decisionItem(stored({ ...decision, reasons: [], degraded, anomaly: null, features: null }));
    const bytes = item.d as Uint8Array;
    const damaged = bytes.with(bytes.length - fromEnd, 99);
    expect(() => decisionFromItem({ ...item, d: damaged })).toThrow(`is damaged: ${message}`);
  });
});
