import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { featureNames } from '../../../shared/domain/features.ts';
import type { ModelParts } from '../../../shared/model/artefact.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { type ColumnMap, readPayments } from '../../../tools/cli/csv.ts';
import { curvesPicture } from '../../../tools/cli/curves.ts';
import { measuredLayers } from '../../../tools/cli/evaluate.ts';
import { streamFile } from '../../../tools/cli/streamFile.ts';
import { splitRows } from '../../../tools/evaluation/evaluation.ts';

const directory = mkdtempSync(join(tmpdir(), 'aegis-evaluate-'));
afterAll(() => rmSync(directory, { recursive: true }));

const file = (text: string, name = 'payments.csv'): string => {
  const path = join(directory, name);
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
};

const read = async (text: string, map?: ColumnMap, name?: string) =>
  Array.fromAsync(readPayments(file(text, name), 'fraud', map));

describe('a file of labelled payments', () => {
  it.each([
    ['plain', 'a.csv'],
    ['gzipped', 'a.csv.gz'],
  ])('is read, %s, by the names that its columns usually have', async (_, name) => {
    const [payment] = await read(
      'ts,card,merchant,category,amount,lat,lon,fraud,type\n1700000000,c1,m1,Home Goods,12.34,1.5,2.5,1,chain\n',
      {},
      name,
    );
    expect(payment).toMatchObject({
      fraud: true,
      type: 'chain',
      transaction: {
        accountId: 'c1',
        userId: 'c1',
        occurredAtMs: 1_700_000_000_000,
        amountMinor: 1234,
        merchantCategory: 'Home-Goods',
        location: { latitude: 1.5, longitude: 2.5 },
      },
    });
  });

  it('is read by the map where names do not say it', async () => {
    const [payment] = await read('when,who,cents,fraud\n2026-11-20T10:00:00Z,x,99,0\n', {
      occurredAt: 'when',
      accountId: 'who',
      amountMinor: 'cents',
    });
    expect(payment).toMatchObject({ fraud: false, transaction: { accountId: 'x', amountMinor: 99, location: null } });
  });

  it('may have quoted cells', async () => {
    const [payment] = await read('ts,card,merchant,amount,fraud\n1,c1,"a, ""b""",2.00,0\n');
    expect(payment!.transaction.merchantId).toBe('a---b-');
    expect(payment!.transaction.amountMinor).toBe(200);
  });

  it('may have line breaks in quoted cells, and names a row by the line on which it begins', async () => {
    const text = 'ts,card,merchant,amount,fraud\n1,c,"a\nb",2.00,0\n\n2,c,"c\r\nd",x,0\n';
    const payments = readPayments(file(text), 'fraud');
    expect((await payments.next()).value).toMatchObject({ transaction: { merchantId: 'a-b', transactionId: 'line-2' } });
    await expect(payments.next()).rejects.toThrow(/line 5: amount is x/);
  });

  it.each<[string, string, ColumnMap, RegExp]>([
    ['no such label column', 'ts,card,amount\n1,c,1\n', {}, /no column fraud/],
    ['no account', 'ts,amount,fraud\n1,1,0\n', {}, /no column is accountId/],
    ['no amount', 'ts,card,fraud\n1,c,0\n', {}, /no column is amount/],
    ['an amount that is no number', 'ts,card,amount,fraud\n1,c,x,0\n', {}, /line 2: amount is x/],
    ['a time that is none', 'ts,card,amount,fraud\nsoon,c,1,0\n', {}, /line 2: an account and a time/],
    ['a map of an unknown field', 'ts,card,amount,fraud\n1,c,1,0\n', { colour: 'card' } as ColumnMap, /names colour/],
    ['a map to a column that is not there', 'ts,card,amount,fraud\n1,c,1,0\n', { deviceId: 'phone' }, /no column phone/],
  ])('is refused with %s', async (_, text, map, message) => {
    await expect(read(text, map)).rejects.toThrow(message);
  });

  it('goes through the engine in time order, and is refused when it is not', async () => {
    const options = { policy: compilePolicy(defaultPolicy, 1), label: 'fraud', labelDelayDays: 7, quiet: true };
    const rows = await streamFile(file('ts,card,amount,fraud\n100,c,1,0\n200,c,2,0\n200,d,3,1\n'), options);
    const count = featureNames.indexOf('count24h');
    expect(rows.map((row) => [row.account, row.features[count], row.fraud])).toEqual([
      [0, 1, false],
      [0, 2, false],
      [1, 1, true],
    ]);
    await expect(streamFile(file('ts,card,amount,fraud\n200,c,1,0\n100,c,2,0\n'), options)).rejects.toThrow(/sort the file/);
  });
});

describe('training and test periods', () => {
  const day = 86_400_000;
  const row = (dayNumber: number, account: number, fraud = false) => ({
    occurredAtMs: dayNumber * day,
    account,
    fraud,
  });
  const period = { trainFromMs: 0, trainToMs: 7 * day, testFromMs: 14 * day, testToMs: 21 * day };
  const rows = [
    row(1, 1, true),
    row(6, 2),
    row(7, 3),
    row(8, 4, true),
    row(14, 1),
    row(15, 4),
    row(16, 4),
    row(20, 2),
    row(21, 2),
  ];

  it('leave out the delay between them and what is after', () => {
    const { train, test } = splitRows(rows, period, false);
    expect(train.map(({ account }) => account)).toEqual([1, 2]);
    expect(test.map(({ occurredAtMs }) => occurredAtMs / day)).toEqual([14, 15, 16, 20]);
  });

  it('leave out an account from the day after its fraud became known', () => {
    const { test } = splitRows(rows, period, true);
    expect(test.map(({ occurredAtMs, account }) => [occurredAtMs / day, account])).toEqual([
      [15, 4],
      [20, 2],
    ]);
  });
});

it('draws a curve for every layer', () => {
  const picture = curvesPicture(Uint8Array.of(0, 1, 0, 1), [
    { name: 'rules', scores: Float64Array.of(1, 2, 3, 4) },
    { name: 'forest', scores: Float64Array.of(1, 4, 2, 3) },
  ]);
  expect(picture.match(/<path /g)).toHaveLength(4);
  expect(picture).toContain('>forest</text>');
  expect(picture).not.toContain('NaN');
});

describe('aegis evaluate', () => {
  const aegis = fileURLToPath(new URL('../../../tools/cli/aegis.ts', import.meta.url));
  const dayS = 86_400;
  const evaluate = async (...args: string[]): Promise<string> => {
    const rows = Array.from({ length: 900 }, (_, i) => {
      const atS = 1_700_000_000 + Math.floor((i * 60 * dayS) / 900);
      return `${atS},c${i % 40},m${i % 7},${(i % 97) + 1}.00,${i % 60 === 0 ? 1 : 0}`;
    });
    const path = file(`ts,card,merchant,amount,fraud\n${rows.join('\n')}\n`);
    const { stdout } = await promisify(execFile)(process.execPath, [aegis, 'evaluate', path, '--label', 'fraud', ...args]);
    return stdout;
  };

  it('prints no figures of a learned layer when nothing was learned, and says so', async () => {
    const text = await evaluate();
    expect(text).toMatch(/^\| rules\+forest \|/m);
    expect(text).not.toMatch(/^\| learned \|/m);
    expect(text).toMatch(/nothing was learned from \d known frauds; at least 50 frauds and 500 honest payments are needed/);
  });

  it('says so to programs too', async () => {
    const { isLearned, layers } = JSON.parse(await evaluate('--json'));
    expect(isLearned).toBe(false);
    expect(layers.map(({ layer }: { layer: string }) => layer)).toEqual(['rules', 'forest', 'rules+forest', 'all']);
  });

  it('measures the learned layer where there is one', () => {
    expect(measuredLayers({ learned: null })).not.toContain('learned');
    expect(measuredLayers({ learned: {} as NonNullable<ModelParts['learned']> })).toContain('learned');
  });
});
