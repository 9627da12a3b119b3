import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addPages } from '../../infra/pages.ts';

describe('the files beside the read function', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aegis-pages-'));
  beforeAll(() => addPages(folder));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('hold the console with every file that its page names', () => {
    const page = readFileSync(join(folder, 'console/index.html'), 'utf8');
    const links = [...page.matchAll(/(?:href|src)="(console\/[^"]+)"/g)].map(([, link]) => link!);
    expect(links.map((link) => link.split('.').at(-1)).sort()).toEqual(['css', 'js', 'svg']);
    for (const link of links) expect(existsSync(join(folder, link)), link).toBe(true);
  });

  it.each(['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'])('hold %s of Swagger UI', (name) => {
    expect(existsSync(join(folder, 'swagger-ui', name))).toBe(true);
  });
});
