import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { VirtualClock } from '../../../shared/adapters/memory/clock.ts';

/** Turns of the event loop without a sleeper after which real work, such as compression in a thread, is waited for. */
const idleTurnsMax = 20;

/** Runs to its end what sleeps on a virtual clock: the clock moves on whenever everything waits. Rejects as the job does. */
export const drive = async <T>(clock: VirtualClock, job: () => Promise<T>): Promise<T> => {
  let isDone = false;
  const result = job().finally(() => {
    isDone = true;
  });
  result.catch(() => undefined);
  for (let idle = 0; !isDone; ) {
    await setImmediate();
    if (isDone) break;
    if (clock.wakeNext()) idle = 0;
    else if (++idle > idleTurnsMax) await sleep(1);
  }
  return result;
};
