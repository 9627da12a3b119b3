import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reduced, roomsSection, withRoomsSection } from '../../../tools/architecture/diagram.ts';
import { importGraph } from '../../../tools/architecture/rooms.ts';
import { root } from '../../../tools/architecture/sources.ts';

test('the diagram in docs/architecture.md is what the code says (`npm run docs:architecture` writes it)', () => {
  const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  expect(withRoomsSection(page, roomsSection(importGraph()))).toBe(page);
});

test('an import that was added makes the page out of date', () => {
  const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const planted = importGraph({ 'functions/ingest/planted.ts': "import { planted } from '../../shared/proof/planted.ts';" });
  expect(withRoomsSection(page, roomsSection(planted))).not.toBe(page);
});

test('an arrow that a longer path implies is left out, the others stay', () => {
  const graph = new Map([
    ['a', ['b', 'c']],
    ['b', ['c']],
    ['c', []],
  ]);
  expect([...reduced(graph)]).toEqual([
    ['a', ['b']],
    ['b', ['c']],
    ['c', []],
  ]);
});

test('a page without the marks is refused', () => {
  expect(() => withRoomsSection('# Architecture', 'section')).toThrow('the page must hold the marks');
});
