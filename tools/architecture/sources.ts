import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** The checkout. */
export const root = join(import.meta.dirname, '../..');

const files: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx', '*.mjs'],
  { cwd: root, encoding: 'utf8' },
)
  .split('\n')
  .filter((file) => file !== '');

/** The generated source files of the checkout, as paths from its root. */
export const generatedFiles: readonly string[] = files.filter((file) => file.endsWith('.generated.ts'));

/** Every other source file of the checkout, as a path from its root; declarations of packages left out. */
export const sourceFiles: readonly string[] = files.filter((file) => !generatedFiles.includes(file) && !file.endsWith('.d.ts'));

/** The text of a file; empty when it was deleted and the deletion is not committed yet. */
export const textOf = (file: string): string => {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
};

const importForms = [
  /(?:^|\n)\s*(?:import|export)\b[^'"]*?from\s+'([^']+)'/g,
  /\bimport\('([^']+)'\)/g,
  /(?:^|\n)import\s+'([^']+)'/g,
  /new URL\('(\.[^']+\.ts)', import\.meta\.url\)/g,
];

/** What a text imports, types included, and the files it starts as threads or processes; relative specifiers become paths from the root. */
export const importsIn = (file: string, text: string): string[] => {
  const names = importForms.flatMap((form) => [...text.matchAll(form)].map((match) => match[1]!));
  return [...new Set(names.map((name) => (name.startsWith('.') ? normalize(join(dirname(file), name)) : name)))];
};

/** What a file imports; see `importsIn`. */
export const importsOf = (file: string): string[] => importsIn(file, textOf(file));
