import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dynamoTable } from '../../shared/adapters/aws/table.ts';
import { type SeededRandomness, seededRandomness } from '../../shared/adapters/memory/random.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import type { Attribute, Condition, Consumed, Item, Key, TableStore, Write } from '../../shared/ports/ports.ts';
import { dynamoEmulator } from '../support/emulators.ts';

/** Random histories on both tables: every reply, every refusal and every unit must be the same. */
const seeds = [1, 2, 3, 4];
const stepsPerSeed = 150;

let emulator: Awaited<ReturnType<typeof dynamoEmulator>>;
beforeAll(async () => {
  emulator = await dynamoEmulator();
});
afterAll(() => emulator.stop());

type Step = (table: TableStore) => Promise<unknown>;

const keyOf = (random: SeededRandomness): Key => ({
  pk: random.pick(['p', 'q']),
  sk: random.pick(['a', 'b', 'é', '😀', '\u{ffee}']),
});

function attributeOf(random: SeededRandomness, depth: number): Attribute {
  const kinds = depth > 0 ? 7 : 5;
  switch (random.below(kinds)) {
    case 0:
      return random.pick([0, 1, -1, 120, 1.5, -0.012, 99_999, 1e15, 1234.5678, Number.MAX_SAFE_INTEGER]);
    case 1:
      return 'é'.repeat(random.below(700));
    case 2:
      return random.bytes(random.below(1_500));
    case 3:
      return random.pick([true, false, null]);
    case 4:
      return random.below(1_000_000) / random.pick([1, 10, 1_000]);
    case 5:
      return Array.from({ length: random.below(4) }, () => attributeOf(random, depth - 1));
    default:
      return Object.fromEntries(Array.from({ length: random.below(4) }, (_, n) => [`k${n}`, attributeOf(random, depth - 1)]));
  }
}

const itemOf = (random: SeededRandomness): Item => ({ ...keyOf(random), seq: random.below(3), value: attributeOf(random, 2) });

const conditionOf = (random: SeededRandomness): Condition =>
  random.pick<Condition>([
    { kind: 'absent' },
    { kind: 'present' },
    { kind: 'equals', attribute: 'seq', value: random.below(3) },
    { kind: 'equals', attribute: 'value', value: true },
  ]);

function writeOf(random: SeededRandomness): Write {
  const condition = conditionOf(random);
  const guarded = random.fraction() < 0.6 ? { condition } : {};
  switch (random.below(4)) {
    case 0:
      return { kind: 'put', item: itemOf(random), ...guarded };
    case 1: {
      const change = { set: { value: attributeOf(random, 1) }, add: { seq: random.below(3) - 1 }, remove: ['gone'] };
      return { kind: 'update', key: keyOf(random), change, ...guarded };
    }
    case 2:
      return { kind: 'delete', key: keyOf(random), ...guarded };
    default:
      return { kind: 'check', key: keyOf(random), condition };
  }
}

function stepOf(random: SeededRandomness): Step {
  const consistent = random.fraction() < 0.5;
  switch (random.below(4)) {
    case 0: {
      const key = keyOf(random);
      return (table) => table.get(key, { consistent });
    }
    case 1: {
      const bounds = random.pick([{}, { from: 'b' }, { to: 'é' }, { from: 'a', to: '\u{ffee}' }]);
      const query = { pk: keyOf(random).pk, limit: 10, descending: random.fraction() < 0.5, consistent, ...bounds };
      return async (table) => (await table.query(query)).items;
    }
    case 2: {
      const writes = Array.from({ length: 1 + random.below(4) }, () => writeOf(random));
      return (table) => table.transact(writes);
    }
    default: {
      const write = writeOf(random);
      if (write.kind === 'put') return (table) => table.put(write.item, write.condition);
      if (write.kind === 'update') return (table) => table.update(write.key, write.change, write.condition);
      return (table) => table.delete(write.key, write.condition);
    }
  }
}

const familyNames = ['ConditionFailed', 'TransactionCancelled'];

/** The reply, or the refusal with what it carries; a wrong request counts as one whatever its text. */
const outcome = (step: Step, table: TableStore): Promise<unknown> =>
  step(table).then(
    (reply) => ({ reply }),
    (error: Error) => {
      if (!familyNames.includes(error.name)) return { refused: 'wrong request' };
      const { item, reasons } = error as { item?: unknown; reasons?: unknown };
      return { refused: error.name, item, reasons };
    },
  );

it.each(seeds)('the memory table and DynamoDB agree on a random history, capacity units included (seed %s)', async (seed) => {
  const random = seededRandomness(seed);
  const units: { memory: Consumed[]; dynamo: Consumed[] } = { memory: [], dynamo: [] };
  const memory = memoryTable({ onConsumed: (one) => units.memory.push(one) });
  const dynamo = dynamoTable({
    ...emulator.connection,
    table: await emulator.newTable(),
    onConsumed: (one) => units.dynamo.push(one),
  });
  let agreed = 0;
  let refused = 0;
  try {
    for (let number = 1; number <= stepsPerSeed; number += 1) {
      const step = stepOf(random);
      const [ours, theirs] = [await outcome(step, memory), await outcome(step, dynamo)];
      expect({ number, ours }).toEqual({ number, ours: theirs });
      expect({ number, ours: units.memory.at(-1) }).toEqual({ number, ours: units.dynamo.at(-1) });
      if (isDeepStrictEqual(Object.keys(ours as object), ['reply'])) agreed += 1;
      else refused += 1;
    }
  } finally {
    dynamo.close();
  }
  expect(agreed).toBeGreaterThan(stepsPerSeed / 3);
  expect(refused).toBeGreaterThan(stepsPerSeed / 20);
  expect(units.memory).toEqual(units.dynamo);
});
