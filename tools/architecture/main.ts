import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { roomsSection, withRoomsSection } from './diagram.ts';
import { importGraph } from './rooms.ts';
import { root } from './sources.ts';

/** `npm run docs:architecture`: writes the diagram and the table of rooms in docs/architecture.md, or checks them. */
const page = join(root, 'docs/architecture.md');

const program = new Command('npm run docs:architecture --')
  .description('writes the diagram of folders and their imports in docs/architecture.md, made from the code')
  .option('--check', 'write nothing; exit 1 when the page is out of date');
program.parse();

const before = readFileSync(page, 'utf8');
const after = withRoomsSection(before, roomsSection(importGraph()));
if (program.opts<{ check?: true }>().check) {
  if (before !== after) {
    console.error('docs/architecture.md is out of date: run `npm run docs:architecture`.');
    process.exitCode = 1;
  }
} else if (before === after) {
  console.log('docs/architecture.md is up to date.');
} else {
  writeFileSync(page, after);
  console.log('docs/architecture.md is written.');
}
