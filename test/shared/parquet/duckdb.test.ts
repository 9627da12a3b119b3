import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetsOf } from '../../../functions/compact/batch.ts';
import type { Field, FieldType } from '../../../shared/parquet/file.ts';
import { type Dataset, datasets } from '../../../shared/parquet/places.ts';
import { archiveEntries } from '../../../shared/proof/archive.ts';
import { compact, decisionLine, fileKeys, fill, labelLine, putLines, world } from '../../functions/compact/world.ts';
import { chainOf } from '../../tools/proof/builders.ts';

/** What another engine reads in the files, against what was written, counted here by hand. */
let folder: string;
let connection: DuckDBConnection;

const types: Readonly<Record<FieldType, string>> = {
  text: 'VARCHAR',
  int32: 'INTEGER',
  int64: 'BIGINT',
  double: 'DOUBLE',
  flag: 'BOOLEAN',
  instant: 'TIMESTAMP',
  bytes: 'BLOB',
};

const rows = async (sql: string): Promise<unknown[][]> => (await connection.runAndReadAll(sql)).getRowsJson();

beforeAll(async () => {
  const at = world();
  await fill(at.archive);
  await compact(at);
  // Late objects and copies: a second file of the same day.
  await putLines(at.archive, [decisionLine(3), decisionLine(31), labelLine(31)]);
  await archiveEntries(at.archive, chainOf('alpha', 14).slice(10));
  await compact(at);
  folder = mkdtempSync(join(tmpdir(), 'aegis-duckdb-'));
  for (const key of await fileKeys(at.archive)) {
    mkdirSync(join(folder, dirname(key)), { recursive: true });
    writeFileSync(join(folder, key), (await at.archive.get(key))!);
  }
  connection = await (await DuckDBInstance.create(':memory:')).connect();
  for (const dataset of datasets) {
    await connection.run(
      `CREATE VIEW ${dataset} AS SELECT * FROM read_parquet('${folder}/parquet/${dataset}/*/*/*.parquet', hive_partitioning = true)`,
    );
  }
});
afterAll(() => {
  connection?.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

describe('DuckDB', () => {
  it.each(datasets)('finds in %s every column of the table of fields, in its type, and the partitions', async (dataset) => {
    const described = await rows(`SELECT column_name, column_type FROM (DESCRIBE ${dataset})`);
    const { fields } = datasetsOf[dataset];
    expect(described).toEqual([
      ...fields.map(({ name, type }: Field) => [name, types[type]]),
      ['day', 'DATE'],
      ['share', 'BIGINT'],
    ]);
  });

  it('counts entries, and sums amounts by day and outcome', async () => {
    const entries = [...chainOf('alpha', 14), ...chainOf('beta', 8)].map(({ body }) => body as Record<string, unknown>);
    const sums = ['ALLOW', 'REVIEW'].map((outcome) => {
      const own = entries.filter((body) => body.outcome === outcome);
      const sum = own.reduce((total, body) => total + (body.amountMinor as number), 0);
      return ['2026-11-20', outcome, String(own.length), String(sum)];
    });
    expect(
      await rows('SELECT day::VARCHAR, outcome, count(*), sum(amount_minor) FROM entries GROUP BY day, outcome ORDER BY outcome'),
    ).toEqual(sums);
  });

  it('keeps a chain in one share, its rows in their order within a file', async () => {
    expect(
      await rows('SELECT chain, count(DISTINCT share), count(*), max(sequence) FROM entries GROUP BY chain ORDER BY chain'),
    ).toEqual([
      ['alpha', '1', '14', '14'],
      ['beta', '1', '8', '8'],
    ]);
    expect(
      await rows(
        'SELECT count(*) FROM (SELECT sequence - lag(sequence) OVER (PARTITION BY filename, chain ORDER BY file_row_number) AS step ' +
          `FROM read_parquet('${folder}/parquet/entries/*/*/*.parquet', filename = true, file_row_number = true)) WHERE step <= 0`,
      ),
    ).toEqual([['0']]);
  });

  it('joins labels to features within one share, and both to entries by transaction', async () => {
    expect(
      await rows(
        'SELECT count(*), sum(CASE WHEN l.fraud THEN 1 ELSE 0 END) FROM features f JOIN labels l USING (tenant, transaction_id, share)',
      ),
    ).toEqual([['7', '3']]);
    expect(await rows("SELECT count(*), count(DISTINCT transaction_id) FROM features WHERE outcome = 'BLOCK'")).toEqual([
      ['6', '6'],
    ]);
    expect(
      await rows(
        'SELECT count(*) FROM entries e LEFT JOIN features f USING (transaction_id) WHERE f.transaction_id IS NULL AND e.transaction_id IS NOT NULL',
      ),
    ).toEqual([['22']]);
  });

  it('reads instants, numbers and missing values as they were', async () => {
    expect(
      await rows(
        'SELECT epoch_ms(occurred_at), feature_amount, feature_amount_over_usual, signal_rapid_burst_1m FROM features ' +
          "WHERE transaction_id = 'txn_4'",
      ),
    ).toEqual([[String(Date.parse('2026-11-20T10:04:00Z')), 4, 4.25, null]]);
    expect(
      await rows("SELECT epoch_ms(written_at), octet_length(sealed) FROM entries WHERE chain = 'beta' AND sequence = 1"),
    ).toEqual([[String(Date.parse('2026-11-20T10:01:00Z')), String(3 * 64)]]);
  });
});

it('the datasets that are tested are all that there are', () => {
  expect(Object.keys(datasetsOf).sort()).toEqual(([...datasets] as Dataset[]).sort());
});
