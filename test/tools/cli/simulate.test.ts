import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPayments } from '../../../tools/cli/csv.ts';
import { money } from '../../../tools/local/trafficText.ts';

const aegis = fileURLToPath(new URL('../../../tools/cli/aegis.ts', import.meta.url));

const run = async (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [aegis, ...args]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
};

let posts = 0;

/** A deployment that reviews what costs 100.00 or more, and takes each transaction at the second attempt. */
const standIn = (): Server => {
  const attempts = new Map<string, number>();
  const amounts = new Map<string, number>();
  return createServer(async (request, response) => {
    if (request.method === 'POST') posts += 1;
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0.01' });
      response.end(JSON.stringify(body));
    };
    if (request.headers.authorization !== 'Bearer good') return answer(401, { title: 'Unauthorized' });
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { transactionId, amountMinor } = JSON.parse(Buffer.concat(chunks).toString());
      attempts.set(transactionId, (attempts.get(transactionId) ?? 0) + 1);
      amounts.set(transactionId, amountMinor);
      return attempts.get(transactionId) === 1 ? answer(503, {}) : answer(202, { transactionId, status: 'QUEUED' });
    }
    const amountMinor = amounts.get(request.url!.slice('/decisions/'.length)) ?? 0;
    const outcome = amountMinor >= 10_000 ? 'REVIEW' : 'ALLOW';
    return answer(200, { outcome, score: 1, decidedAt: '', reasons: [{ signal: 'RULE:x', points: 1, text: 'costly, "very"' }] });
  });
};

describe('aegis simulate', () => {
  const server = standIn();
  let url = '';
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  it('sends the same transactions for the same seed, and counts alarms against the known truth', async () => {
    const args = ['simulate', '--url', url, '--key', 'good', '--rate', '400', '--duration', '0.25', '--seed', '7', '--json'];
    const [first, second] = await Promise.all([run(...args), run(...args)]);
    expect(first.code).toBe(0);
    const lines = first.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(101);
    const transactions = (stdout: string) =>
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).transaction);
    expect(transactions(second.stdout)).toEqual(transactions(first.stdout));

    const { summary } = lines.pop();
    const costly = lines.filter(({ transaction }) => transaction.amountMinor >= 10_000);
    expect(summary.sent).toBe(100);
    expect(summary.outcomes).toEqual({ ALLOW: 100 - costly.length, REVIEW: costly.length, BLOCK: 0, UNDECIDED: 0 });
    expect(summary.falseAlarms).toBe(costly.filter(({ attack }) => attack === null).length);
    expect(summary.allAttacks.caught).toBe(costly.filter(({ attack }) => attack !== null).length);
    expect(summary.allAttacks.sent).toBeGreaterThan(0);
  });

  it('writes CSV, the summary apart from it', async () => {
    const { code, stdout, stderr } = await run(
      'simulate',
      '--url',
      url,
      '--key',
      'good',
      '--rate',
      '50',
      '--duration',
      '0.1',
      '--csv',
    );
    expect(code).toBe(0);
    const [header, ...rows] = stdout.trim().split('\n');
    expect(header).toBe(
      'occurredAt,transactionId,userId,accountId,amountMinor,currency,channel,deviceId,merchantId,merchantCategory,latitude,longitude,ipAddress,beneficiaryId,instrumentId,fraud,attack,outcome,score,reason',
    );
    expect(rows).toHaveLength(5);
    for (const row of rows)
      expect(row).toMatch(/^2025-11-03T[^,]+,s1-[tx]\d+,s1-u\d+,s1-a\d+,\d+,EUR,.*,s1-[bc]\d+,0,,(ALLOW|REVIEW),1,RULE:x$/);
    expect(stderr).toContain('5 sent in');
  });

  it.each([
    [
      'the key is wrong',
      () => ['--url', url, '--key', 'bad'],
      /^aegis: \S+ does not accept the key \(401\); give another one with --key/,
    ],
    [
      'the address is unreachable',
      () => ['--url', 'http://127.0.0.1:2', '--key', 'good'],
      /^aegis: \S+ does not answer POST .*ECONNREFUSED/,
    ],
  ])('stops at the first payment with one line and exit code 2 when %s', async (_, target, message) => {
    const before = posts;
    const { code, stdout, stderr } = await run('simulate', ...target(), '--rate', '10', '--duration', '3600');
    expect(code).toBe(2);
    expect(stdout).toBe('');
    const [where, line, ...more] = stderr.trim().split('\n');
    expect(where).toMatch(/^target: http/);
    expect(line).toMatch(message);
    expect(more).toEqual([]);
    expect(posts - before).toBeLessThan(10);
  });

  it('decides a range of seeds in memory, and says the same twice', async () => {
    const args = ['simulate', '--seeds', '1-2', '--payments', '600', '--json'];
    const [first, second] = (await Promise.all([run(...args), run(...args)])).map(({ stdout }) => JSON.parse(stdout).summary);
    expect(first.sent).toBe(1_200);
    expect(first.allAttacks.attacks).toBeGreaterThan(2);
    expect({ ...second, elapsedMs: 0 }).toEqual({ ...first, elapsedMs: 0 });
    const { stdout } = await run(...args.slice(0, -1));
    expect(stdout).toMatch(/^false alarms: \d+ of \d+ honest payments \(\d+\.\d\d %\)$/m);
    expect(stdout).toMatch(/^ +attacks +noticed +by 6th +payments +caught +missed +recall +stopped$/m);
  });

  it('writes CSV that evaluate and labels import read', async () => {
    const { stdout } = await run('simulate', '--url', url, '--key', 'good', '--rate', '400', '--duration', '0.25', '--csv');
    const folder = mkdtempSync(join(tmpdir(), 'aegis-simulate-'));
    try {
      const file = join(folder, 'payments.csv');
      writeFileSync(file, stdout);
      const payments = await Array.fromAsync(readPayments(file, 'fraud'));
      expect(payments).toHaveLength(100);
      expect(payments.filter(({ fraud }) => fraud).map(({ type }) => type)).not.toContain('');
      expect(payments.some(({ fraud }) => fraud)).toBe(true);
      expect(payments.every(({ transaction }) => transaction.instrumentId !== null && transaction.channel !== null)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ['a rate that is no number', ['--rate', 'fast'], "'--rate <number>' argument 'fast' is invalid. allowed: 0.01 to 10000"],
    ['an attack that nobody knows', ['--attack', 'heist'], 'Allowed choices are card-testing'],
    ['a seed that is not whole', ['--seed', '1.5'], 'allowed: whole numbers, 0 to 4294967295'],
    ['a start that is to come', ['--start', '2999-01-01'], 'allowed: a date in the past such as 2026-01-31'],
    ['an address that is none', ['--url', 'here', '--key', 'k'], '--url here is not a URL'],
    ['seeds in no range', ['--seeds', '9-3'], 'allowed: a seed, or two such as 51-60'],
    ['a dry run without an end', ['--dry-run'], '--dry-run needs --duration'],
  ])('refuses %s', async (_, args, message) => {
    const { code, stderr } = await run('simulate', ...args);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});

describe('money', () => {
  it.each([
    [129_900, 'INR', 'INR 1,299.00'],
    [500, 'JPY', 'JPY 500'],
    [1_500, 'BHD', 'BHD 1.500'],
  ])('writes %d minor units of %s in the currency’s own decimals', (amountMinor, currency, text) => {
    expect(money(amountMinor, currency).replace(/\s/, ' ')).toBe(text);
  });
});
