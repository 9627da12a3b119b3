import { describe, expect, it } from 'vitest';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { rebuildSinks } from '../../../tools/rebuild/plan.ts';
import { rebuild } from '../../../tools/rebuild/rebuild.ts';
import { seen } from './compare.ts';
import { play, script } from './script.ts';
import { type Stack, stackOn } from './world.ts';

const newStack = (hotDays?: number): Promise<Stack> =>
  stackOn({
    tableTelling: (onCommitted) => memoryTable({ onCommitted }),
    archive: memoryObjects(),
    checkpoints: memoryObjects(),
    ...(hotDays !== undefined && { hotDays }),
  });

const all = new Set(rebuildSinks);
const accounts = [0, 1, 2, 3, 4, 5];

describe('a rebuild after the stream lost a period', () => {
  it.each([1, 2, 3])(
    'leaves nothing that tells the stack from an undisturbed copy (seed %i)',
    async (seed) => {
      const before = script({ seed, actions: 50, name: 'before', flagged: accounts, quiet: accounts });
      const labelled = before.ids.filter((_, i) => i % 2 === 0);
      const during = script({
        seed: seed + 100,
        actions: 60,
        name: 'during',
        flagged: [2, 3, 4, 5],
        quiet: accounts,
        labelled: [],
      });
      const after = script({ seed: seed + 200, actions: 30, name: 'after', flagged: accounts, quiet: accounts, labelled });
      const [whole, broken] = [await newStack(), await newStack()];
      for (const stack of [whole, broken]) {
        await play(stack, before.actions);
        await stack.checkpoint();
      }
      const fromMs = broken.clock.nowMs();
      broken.lose(true);
      for (const stack of [whole, broken]) await play(stack, during.actions);
      broken.lose(false);
      const ids = [...before.ids, ...during.ids];
      expect(await seen(broken, ids, accounts)).not.toEqual(await seen(whole, ids, accounts));

      const sent = broken.webhooks.length;
      const plan = { fromMs, toMs: null, sinks: all, resendsWebhooks: false };
      await rebuild(broken.rebuilding(), { ...plan, toMs: broken.clock.nowMs() + 1 });
      await broken.deliver();
      expect(await seen(broken, ids, accounts)).toEqual(await seen(whole, ids, accounts));
      // Only of reviews that the rebuild opened: the stream tells of those.
      expect(broken.webhooks.slice(sent).every(({ body }) => body.includes('review.opened'))).toBe(true);

      for (const stack of [whole, broken]) {
        await stack.checkpoint();
        await play(stack, after.actions);
        await stack.checkpoint();
      }
      expect(await seen(broken, [...ids, ...after.ids], accounts)).toEqual(await seen(whole, [...ids, ...after.ids], accounts));
    },
    60_000,
  );
});
