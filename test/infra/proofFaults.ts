import { projector } from '../../functions/project/project.ts';
import { protectedSink } from '../../functions/project/protectedSink.ts';
import { measures } from '../../functions/sweep/measures.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import type { Measurements } from '../../shared/edge/metrics.ts';
import { sweepWithinMs } from '../../shared/proof/sweepRecord.ts';
import { sweepShares } from '../../shared/proof/sweptShares.ts';
import { stateKey } from '../../shared/store/names.ts';
import { aDecision } from '../functions/project/builders.ts';
import { hourMs, world } from '../functions/sweep/world.ts';

/** What the code measured within one period, by metric. */
type Measured = Readonly<Record<string, readonly (readonly number[])[]>>;

const measured = (name: keyof Measurements, all: readonly Measurements[]): Measured => ({
  [name]: [all.flatMap((measurements) => measurements[name]?.value ?? [])],
});

/** The faults of the alarms on what nothing may delete, and on the sweep. */
export const proofFaults = {
  ProtectedItems: {
    fault: 'a decision that somebody deletes',
    broken: () => protectedItems('REMOVE'),
    healthy: () => protectedItems('INSERT'),
  },
  SweepAge: {
    fault: 'a share that no checkpoint has recorded for longer than 7 days',
    broken: () => sweepAge(sweepWithinMs + 1),
    healthy: () => sweepAge(sweepWithinMs),
  },
  SweepFindings: {
    fault: 'an account whose state was deleted',
    broken: () => sweepFindings(true),
    healthy: () => sweepFindings(false),
  },
};

/** A batch of the stream with one decision. */
const protectedItems = async (eventName: 'INSERT' | 'REMOVE'): Promise<Measured> => {
  const all: Measurements[] = [];
  const measure = (measurements: Measurements) => void all.push(measurements);
  const sink = protectedSink({ table: memoryTable(), hotDays: null, measure, log: () => undefined });
  const failed: unknown[] = [];
  const project = projector({
    sinks: [sink],
    decode: () => ({ tenant: 'dev', decision: aDecision(), queueAgeMs: null }),
    report: ({ cause }) => failed.push(cause),
  });
  const keys = { pk: { S: 'D#dev#t1' }, sk: { S: 'D' } };
  const images = eventName === 'REMOVE' ? { OldImage: keys } : { NewImage: keys };
  await project({ Records: [{ eventName, dynamodb: { SequenceNumber: '1', Keys: keys, ...images } }] });
  if (failed.length > 0) throw failed[0];
  return measured('ProtectedItems', all);
};

const sweepAge = async (sinceMs: number): Promise<Measured> => {
  const at = world();
  await at.sweep();
  at.clock.advance(sinceMs);
  return measured('SweepAge', [measures(await at.sweep())]);
};

const sweepFindings = async (isStateGone: boolean): Promise<Measured> => {
  const at = world();
  await at.pay(1);
  if (isStateGone) await at.table.delete(stateKey('dev', 'account-of-1.x', 'user-of-1.x'));
  at.clock.advance(1);
  const all: Measurements[] = [];
  for (let share = 0; share < sweepShares; share += 1) {
    all.push(measures(await at.sweep()));
    at.clock.advance(hourMs);
  }
  return measured('SweepFindings', all);
};
