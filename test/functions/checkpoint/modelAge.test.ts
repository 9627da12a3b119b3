import { describe, expect, it } from 'vitest';
import { modelAgeMs } from '../../../functions/checkpoint/modelAge.ts';
import { trainModel } from '../../../functions/train/train.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { modelPointerKey, modelVersionKey } from '../../../shared/store/names.ts';
import { trainingRows } from '../train/generated.ts';
import { fillArchive } from '../train/generatedArchive.ts';

const trainedAtMs = 1_700_000_000_000 + 30 * 86_400_000;

describe('the age of the model in force', () => {
  it('is unknown before the first one', async () => {
    expect(await modelAgeMs(memoryTable(), trainedAtMs)).toBeNull();
  });

  it('runs from its training, and is unknown when its manifest is none', async () => {
    const [table, archive] = [memoryTable(), memoryObjects()];
    await fillArchive(archive, trainingRows(300, 1));
    const clock = virtualClock(trainedAtMs);
    await trainModel({ table, archive, models: memoryObjects(), clock, log: () => undefined, codeVersion: 'test' });
    expect(await modelAgeMs(table, trainedAtMs + 5_000)).toBe(5_000);
    const pointer = (await table.get(modelPointerKey))!;
    await table.put({ ...modelVersionKey(Number(pointer.version)), manifest: 'not JSON' });
    expect(await modelAgeMs(table, trainedAtMs + 5_000)).toBeNull();
  });
});
