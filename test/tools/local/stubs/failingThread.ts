import { threadSide } from '../../../../tools/local/helperThread.ts';

/** A thread that answers, refuses and breaks on request. */
const side = threadSide<'answer' | 'refuse' | 'break'>();
await side.serve(
  {
    answer: () => 7,
    refuse: () => {
      throw new Error('not today');
    },
    break: () => {
      setImmediate(() => {
        throw new Error('broken');
      });
    },
  },
  Promise.resolve(),
);
