import type { Queue } from '../../shared/ports/ports.ts';
import type { Poison } from './project.ts';

/** Puts a poisonous record onto the queue of failures: its key, from which the table gives the item, and what is wrong with it. */
export const setAsideOn =
  (failures: Queue) =>
  async ({ sink, sequenceNumber, key, cause }: Poison): Promise<void> => {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    const body = JSON.stringify({ condition: 'NotProjectable', sink, sequenceNumber, key, reason });
    const [result] = await failures.send([{ body, attributes: {} }]);
    if (result?.sent !== true) throw new Error(`not set aside: ${result?.cause ?? 'the queue gave no answer'}`);
  };
