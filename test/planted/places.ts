import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bug, Edit } from './bug.ts';
import { findIn, mayHold, parsed, replacementFor } from './pattern.ts';

/** The folders that bugs are planted in. */
export const searched = ['shared', 'functions'];

/** A change of one file. */
export interface Place {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Texts by their paths. */
export type Sources = ReadonlyMap<string, string>;

/** The sources under `root`, by their paths from there. */
export const sourcesOf = (root: string): Sources =>
  new Map(
    searched.flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !name.endsWith('.generated.ts'))
        .map((name) => [join(folder, name), readFileSync(join(root, folder, name), 'utf8')] as const),
    ),
  );

/** Where a bug goes. Throws a RangeError when the place of an edit is not found, or is found more than once. */
export const placesOf = (sources: Sources, { edits }: Bug): readonly Place[] =>
  edits.flatMap((edit) => {
    const places = placesOfEdit(sources, edit);
    if (places.length === 1 || (edit.isEverywhere && places.length > 0)) return places;
    throw new RangeError(described(edit, places));
  });

const described = ({ find, within, folder }: Edit, places: readonly Place[]): string => {
  const where = [within, folder].filter((name) => name !== undefined).join(' in ') || searched.join(' and ');
  const files = places.map(({ file }) => file).join(', ');
  return `found ${places.length} times in ${where}: ${find}${files === '' ? '' : ` (${files})`}`;
};

const placesOfEdit = (sources: Sources, { find, within, folder = '', replace }: Edit): readonly Place[] =>
  [...sources]
    .filter(([file, text]) => file.startsWith(folder) && mayHold(text, find))
    .flatMap(([file, text]) =>
      findIn(parsed(file, text), find, within).map((found) => ({
        file,
        start: found.start,
        end: found.end,
        text: replacementFor(find, replace, found),
      })),
    );

/** The text of a file with changes at places of it, none inside another. */
export const changed = (text: string, places: readonly Place[]): string =>
  [...places]
    .sort((a, b) => b.start - a.start)
    .reduce((rest, { start, end, text: put }) => rest.slice(0, start) + put + rest.slice(end), text);
