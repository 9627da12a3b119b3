import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { datasetsOf } from '../../functions/compact/batch.ts';
import type { Field } from '../../shared/parquet/file.ts';
import { datasets } from '../../shared/parquet/places.ts';

const page = readFileSync(new URL('../../docs/archive.md', import.meta.url), 'utf8');

const rowOf = ({ name, type, nullable, unit, meaning }: Field): string =>
  `| \`${name}\` | ${type}${nullable ? ', may be null' : ''} | ${unit ?? ''} | ${meaning} |`;

it.each(datasets)(
  'docs/archive.md has the columns of %s, each with type, unit and meaning, as the files have them',
  (dataset) => {
    const section = page.split(`\n## ${dataset}\n`)[1]?.split('\n## ')[0] ?? '';
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    expect(rows).toEqual(datasetsOf[dataset].fields.map(rowOf));
  },
);
