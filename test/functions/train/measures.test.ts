import { describe, expect, it } from 'vitest';
import { measures } from '../../../functions/train/measures.ts';
import { trainModel } from '../../../functions/train/train.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { trainingRows } from './generated.ts';
import { fillArchive } from './generatedArchive.ts';

const reportOn = async (rows: number) => {
  const archive = memoryObjects();
  await fillArchive(archive, trainingRows(rows, 1));
  const clock = virtualClock(1_700_000_000_000 + 30 * 86_400_000);
  return trainModel({ table: memoryTable(), archive, models: memoryObjects(), clock, log: () => undefined, codeVersion: 'test' });
};

describe('the measures of a training run', () => {
  it('are its rows, labels, time and what became of the model', async () => {
    const report = await reportOn(2000);
    expect(measures(report, 1500)).toEqual({
      TrainDuration: { unit: 'Milliseconds', value: 1500 },
      TrainRows: { unit: 'Count', value: 2000 },
      TrainLabelledFrauds: { unit: 'Count', value: 100 },
      ModelPublished: { unit: 'Count', value: 1 },
      ModelCandidate: { unit: 'Count', value: 0 },
      ModelBytes: { unit: 'Count', value: 'manifest' in report ? report.manifest.bytes : 0 },
    });
  });

  it('are rows and time alone where there were too few rows', async () => {
    expect(measures(await reportOn(255), 10)).toEqual({
      TrainDuration: { unit: 'Milliseconds', value: 10 },
      TrainRows: { unit: 'Count', value: 255 },
    });
  });
});
