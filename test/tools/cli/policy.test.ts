import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { policyHash } from '../../../shared/policy/hash.ts';
import { lintPolicy, policyOfFile, publishPolicyFile, type Send, showPolicy } from '../../../tools/cli/policy.ts';
import { apiOnMemory } from '../../support/api.ts';

const text = JSON.stringify(defaultPolicy);
const bad = JSON.stringify({ ...defaultPolicy, rules: [{ id: 'r', when: 'true &&\n nope', points: 1, text: 'x' }] });

/** Answers as told and keeps what it was asked. */
const answering = (status: number, body: unknown) => {
  const asked: unknown[][] = [];
  const send: Send = async (...request) => {
    asked.push(request);
    return { status, body };
  };
  return { asked, send };
};

describe('aegis policy lint', () => {
  it('names the hash of a file without faults', () => {
    expect(lintPolicy(text, 'p.json')).toEqual({ exitCode: 0, lines: [`p.json: no faults, hash ${policyHash(defaultPolicy)}`] });
  });

  it.each([
    ['a bad rule by line and column', bad, /^p\.json#\/rules\/0\/when: line 2, column 2: unknown variable nope/],
    ['a file that is not JSON', '{"a": }', /^p\.json: not JSON: /],
    ['a document that is no policy', '[]', /^p\.json: /],
  ])('refuses %s', (_what, given, line) => {
    const result = lintPolicy(given, 'p.json');
    expect(result.exitCode).toBe(1);
    expect(result.lines[0]).toMatch(line);
  });
});

describe('aegis policy publish', () => {
  it('sends a good file and says which version it became', async () => {
    const { asked, send } = answering(201, { version: 4, hash: 'abc', status: 'draft' });
    const result = await publishPolicyFile(send, text, 'p.json', { draft: true, ifVersion: 3 });
    expect(asked).toEqual([['PUT', '/policy', { policy: defaultPolicy, status: 'draft', ifVersion: 3 }]]);
    expect(result).toEqual({ exitCode: 0, lines: ['version 4 is draft, hash abc'] });
  });

  it('never sends a bad file', async () => {
    const { asked, send } = answering(201, {});
    expect((await publishPolicyFile(send, bad, 'p.json', { draft: false })).exitCode).toBe(1);
    expect(asked).toEqual([]);
  });

  it('passes on why it was refused', async () => {
    const { send } = answering(409, { detail: 'stale', errors: [{ pointer: '/ifVersion', detail: 'is 5' }] });
    const result = await publishPolicyFile(send, text, 'p.json', { draft: false, ifVersion: 1 });
    expect(result).toEqual({ exitCode: 1, lines: ['409: stale', '  #/ifVersion: is 5'] });
  });
});

describe('aegis policy show', () => {
  it.each([
    [undefined, '/policy'],
    [3, '/policy/versions/3'],
  ])('of version %s reads %s', async (version, path) => {
    const { asked, send } = answering(200, { version: 3 });
    expect(await showPolicy(send, version)).toEqual({ exitCode: 0, lines: ['{\n  "version": 3\n}'] });
    expect(asked).toEqual([['GET', path]]);
  });

  it('says when there is no such version', async () => {
    const { send } = answering(404, { detail: 'there is no policy version 9' });
    expect(await showPolicy(send, 9)).toEqual({ exitCode: 1, lines: ['404: there is no policy version 9'] });
  });
});

describe('what aegis policy show prints', () => {
  it('is read by lint, publish and evaluate, in every version', async () => {
    const api = apiOnMemory();
    const authorization = `Bearer ${await api.newKey(['read', 'admin'])}`;
    const send: Send = async (method, path, body) => {
      const { result, status } = await api.call({
        method,
        path,
        headers: { authorization, 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      });
      return { status, body: JSON.parse(result.body) };
    };
    const shown = (await showPolicy(send)).lines.join('\n');
    expect(lintPolicy(shown, 'f.json')).toEqual({
      exitCode: 0,
      lines: [`f.json: no faults, hash ${JSON.parse(shown).hash}`],
    });
    expect(policyOfFile(shown, 'f.json').hash).toBe(JSON.parse(shown).hash);
    expect((await publishPolicyFile(send, shown, 'f.json', { draft: false })).exitCode).toBe(0);
    const again = (await showPolicy(send, 1)).lines.join('\n');
    expect(JSON.parse(again)).toMatchObject({ version: 1, hash: JSON.parse(shown).hash });
    expect(lintPolicy(again, 'f.json').exitCode).toBe(0);
  });

  it('has its faults named where they are in the file', () => {
    const shown = JSON.stringify({ version: 3, hash: 'abc', policy: JSON.parse(bad) });
    expect(lintPolicy(shown, 'f.json').lines[0]).toMatch(/^f\.json#\/policy\/rules\/0\/when: line 2/);
  });
});
