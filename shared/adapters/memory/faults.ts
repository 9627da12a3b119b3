import type { Queue, TableStore, Write } from '../../ports/ports.ts';
import { OutcomeUnknown, Throttled, TransactionCancelled, Unavailable } from '../../ports/ports.ts';

/** What can befall one call. `lost...` is a reply that never comes, `crash...` the end of the process that called. */
export type Fault =
  | 'none'
  | 'conflict'
  | 'throttle'
  | 'unavailable'
  | 'lostBeforeEffect'
  | 'lostAfterEffect'
  | 'crashBeforeEffect'
  | 'crashAfterEffect';

export interface Call {
  readonly port: 'table' | 'queue';
  readonly operation: 'get' | 'getMany' | 'query' | 'scan' | 'put' | 'update' | 'delete' | 'transact' | 'send';
  /** Counts this wrapper's calls from 1. */
  readonly number: number;
  /** The faults that can befall this call; any other is refused. */
  readonly possible: readonly Fault[];
}

/** Decides each call's fault; the same plan on the same calls must decide the same. */
export type FaultPlan = (call: Call) => Fault;

/** Awaited before and after every call, so that a scheduler can run other workers in between; `point` says where. */
export type InterleavePoint = (point: string) => Promise<void>;

/** The process died here. Not a store error: nothing but the test may catch it. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

const readFaults: readonly Fault[] = ['throttle', 'unavailable', 'crashBeforeEffect', 'crashAfterEffect'];
const writeFaults: readonly Fault[] = ['conflict', 'lostBeforeEffect', 'lostAfterEffect', ...readFaults];
const sendFaults: readonly Fault[] = ['unavailable', 'lostAfterEffect', 'crashBeforeEffect', 'crashAfterEffect'];

export const noFaults: FaultPlan = () => 'none';
const noInterleaving: InterleavePoint = async () => undefined;

/** A plan that draws each call's fault: each possible one with its own probability. */
export function randomFaults(
  randomness: { fraction(): number },
  probabilities: Readonly<Partial<Record<Exclude<Fault, 'none'>, number>>>,
): FaultPlan {
  return ({ possible }) => {
    let draw = randomness.fraction();
    for (const fault of possible) {
      if (fault === 'none') continue;
      draw -= probabilities[fault] ?? 0;
      if (draw < 0) return fault;
    }
    return 'none';
  };
}

/**
 * One worker's view of a table: every call may meet a fault of the plan. After a crash every further call crashes too, so that
 * nothing a dead worker does can have an effect.
 */
export function faultyTable(table: TableStore, plan: FaultPlan, interleave: InterleavePoint = noInterleaving): TableStore {
  const run = faulty('table', plan, interleave);
  return {
    get: (key, options) => run('get', readFaults, () => table.get(key, options), single),
    getMany: (keys, options) => run('getMany', readFaults, () => table.getMany(keys, options), single),
    query: (query) => run('query', readFaults, () => table.query(query), single),
    scan: (options) => run('scan', readFaults, () => table.scan(options), single),
    put: (item, condition) => run('put', writeFaults, () => table.put(item, condition), single),
    update: (key, change, condition) => run('update', writeFaults, () => table.update(key, change, condition), single),
    delete: (key, condition) => run('delete', writeFaults, () => table.delete(key, condition), single),
    transact: (writes) =>
      run(
        'transact',
        writeFaults,
        () => table.transact(writes),
        () => conflicted(writes),
      ),
  };
}

/** One worker's view of a queue. A send that fails, or whose reply is lost, says `sent: false` for each message. */
export function faultyQueue(queue: Queue, plan: FaultPlan, interleave: InterleavePoint = noInterleaving): Queue {
  const run = faulty('queue', plan, interleave);
  return {
    send: async (messages) => {
      try {
        return await run('send', sendFaults, () => queue.send(messages), single);
      } catch (error) {
        if (!(error instanceof Unavailable || error instanceof OutcomeUnknown)) throw error;
        return messages.map(() => ({ sent: false as const, cause: error.message }));
      }
    },
  };
}

function faulty(port: Call['port'], plan: FaultPlan, interleave: InterleavePoint) {
  let calls = 0;
  let dead = false;
  const crash = (point: string): Crash => {
    dead = true;
    return new Crash(`crashed ${point}`);
  };

  return async <Reply>(
    operation: Call['operation'],
    possible: readonly Fault[],
    effect: () => Promise<Reply>,
    conflict: () => Error,
  ): Promise<Reply> => {
    calls += 1;
    const call: Call = { port, operation, number: calls, possible };
    const at = (when: string) => `${when} ${port}.${operation} ${call.number}`;
    if (dead) throw crash(at('before'));
    const fault = plan(call);
    if (fault !== 'none' && !possible.includes(fault)) throw new RangeError(`${fault} cannot befall ${port}.${operation}`);
    await interleave(at('before'));
    if (dead) throw crash(at('before'));
    switch (fault) {
      case 'conflict':
        throw conflict();
      case 'throttle':
        throw new Throttled(`throttled ${at('at')}`);
      case 'unavailable':
        throw new Unavailable(`unavailable ${at('at')}`);
      case 'lostBeforeEffect':
        throw new OutcomeUnknown(`reply lost ${at('before')}`);
      case 'crashBeforeEffect':
        throw crash(at('before'));
    }
    const reply = await effect();
    await interleave(at('after'));
    if (dead || fault === 'crashAfterEffect') throw crash(at('after'));
    if (fault === 'lostAfterEffect') throw new OutcomeUnknown(`reply lost ${at('after')}`);
    return reply;
  };
}

const single = (): Error => new Throttled('a transaction on the same item is under way');

/** As DynamoDB says it: the item in conflict is named, here the first. */
const conflicted = (writes: readonly Write[]): Error =>
  new TransactionCancelled(writes.map((_, index) => ({ code: index === 0 ? 'TransactionConflict' : 'None', item: null })));
