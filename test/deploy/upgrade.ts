import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { pemOf } from '../../shared/proof/signer.ts';
import type { VerifyReport } from '../../tools/proof/verifyReport.ts';
import { aegis, folder, outputs, step, until } from './deployed.ts';
import { keepVersions, payByBoth, readByEarlier } from './sideBySide.ts';
import {
  ask,
  assertKept,
  assertWhole,
  auditPath,
  type Decision,
  get,
  keep,
  kept,
  paymentOf,
  type Transaction,
  userId,
} from './upgradeTraffic.ts';

/**
 * The upgrade from an earlier version over live data. `before` runs against the earlier version: it sends traffic of every kind and keeps
 * all answers. `after` runs against this version: the answers are the same, old and new functions decide side by side, chains go on.
 */
const phase = process.argv[2];
const earlier = process.argv[3];
if ((phase !== 'before' && phase !== 'after') || earlier === undefined) throw new Error('run by test/deploy/run.ts');

const accounts = ['a_up_0', 'a_up_1', 'a_up_2', 'a_up_3'];
const freshAccounts = ['a_new_0', 'a_new_1'];
const paymentsBefore = 6;
const roundsTogether = 5;
/** More than training needs at least. */
const historySize = 300;
const historyAccounts = 60;
const burst = 'a_up_burst';
const burstSize = 24;
const watched = 'a_up_watched';
const everyAccount = [...accounts, burst, watched, 'a_up_other'];
const commandMsMax = 120_000;

const firstPayments = (accountId: string): Transaction[] =>
  Array.from({ length: paymentsBefore }, (_, i) => paymentOf(accountId, i + 1));
const burstPayments = Array.from({ length: burstSize }, (_, i) =>
  paymentOf(burst, 1, { transactionId: `${burst}-${i + 1}`, merchantId: `m_${i}` }),
);
/** Payments that leave their mark on the stored state in other ways. */
const otherPayments: readonly Transaction[] = [
  paymentOf('a_up_other', 1, { currency: 'USD' }),
  paymentOf('a_up_other', 2, { currency: 'THB' }),
  paymentOf('a_up_other', 9, { location: { latitude: 51.5, longitude: -0.12 } }),
  paymentOf('a_up_other', 3, { transactionId: 'a_up_other-late' }),
];
const historyPayments = Array.from({ length: historySize }, (_, i) =>
  paymentOf(`a_history_${i % historyAccounts}`, Math.floor(i / historyAccounts) + 1, {
    amountMinor: 5_000 + ((i * 7_919) % 90_000),
    merchantId: `m_${i % 11}`,
  }),
);
const watchedPayments = firstPayments(watched).slice(0, 2);
const oldPayments = [
  ...accounts.flatMap(firstPayments),
  ...burstPayments,
  ...otherPayments,
  ...watchedPayments,
  ...historyPayments.slice(0, 30),
];

const decide = async (payment: Transaction): Promise<Decision> => {
  const { status, body } = await ask('POST', '/decisions', payment);
  assert.equal(status, 200, `${payment.transactionId} answered ${status}: ${JSON.stringify(body)}`);
  return body as Decision;
};
const isDecided = async ({ transactionId }: Transaction): Promise<boolean> =>
  (await ask('GET', `/decisions/${transactionId}`)).status === 200;
const decided = (payments: readonly Transaction[]): Promise<unknown> =>
  until(
    `${payments.length} decisions`,
    async () => {
      for (const payment of payments) if (!(await isDecided(payment))) return payment.transactionId;
      return null;
    },
    (missing) => missing === null,
  );
const queue = async (payments: readonly Transaction[]): Promise<void> => {
  const { status, body } = await ask('POST', '/transactions/batch', { transactions: payments });
  assert.equal(status, 202, JSON.stringify(body));
  assert.equal((body as { accepted: number }).accepted, payments.length, JSON.stringify(body));
};

interface Page {
  readonly items: readonly Record<string, unknown>[];
}

/** Every address whose answer must stay the same. */
const answerPaths = [
  ...oldPayments.map(({ transactionId }) => `/decisions/${transactionId}`),
  ...accounts.map((accountId) => `/decisions/${accountId}-1?explain=full`),
  ...everyAccount.flatMap((accountId) => [
    auditPath(accountId),
    `/accounts/${accountId}/decisions?userId=${userId}&limit=200`,
    `/accounts/${accountId}/decision?userId=${userId}`,
  ]),
  '/decisions/latest?limit=200',
  '/signals/recent?limit=200',
  '/reviews?state=open&limit=200',
  '/reviews?state=closed&limit=200',
  '/policy',
  '/policy/versions',
  '/policy/versions/2',
];
const answers = async (): Promise<Record<string, unknown>> => {
  const all: Record<string, unknown> = {};
  for (const path of answerPaths) all[path] = await get(path);
  return all;
};
const models = async () => (await get<Page>('/model/versions?limit=200')).items;

const verified = async (): Promise<VerifyReport> => {
  const { PublicKey } = await new KMSClient({}).send(new GetPublicKeyCommand({ KeyId: outputs.SigningKeyArn }));
  const keyFile = join(folder, 'signing.pem');
  writeFileSync(keyFile, pemOf(createPublicKey({ key: Buffer.from(PublicKey!), format: 'der', type: 'spki' })));
  const report = await until(
    'a checkpoint over every account',
    async () => JSON.parse(await aegis('verify', '--live', '--json', '--key', keyFile)) as VerifyReport,
    // Training adds an entry to the system chain while this waits.
    ({ verdict, uncoveredEntries, checkpoints }) => verdict !== 'intact' || (uncoveredEntries <= 1 && checkpoints.count > 0),
  );
  assert.equal(report.verdict, 'intact', JSON.stringify(report.findings));
  return report;
};

/** A key that the earlier version's own command makes. */
const earlierKey = async (): Promise<string> => {
  const scope = 'ingest,decide,read,review,admin';
  const { stdout } = await promisify(execFile)(
    'npm',
    ['run', '--silent', 'aegis', '--', 'keys', 'create', '--scope', scope, '--json'],
    {
      cwd: earlier,
      timeout: commandMsMax,
    },
  );
  return (JSON.parse(stdout) as { key: string }).key;
};

if (phase === 'before') {
  keep('key', await earlierKey());

  await step('the earlier version takes a policy version, list entries and a history to learn from', async () => {
    const { policy } = await get<{ policy: { rules: unknown[] } }>('/policy');
    const rule = {
      id: 'upgrade-channel',
      when: 'txn.channel == "upgrade"',
      points: 41,
      text: 'Sent through the channel upgrade',
    };
    const { status, body } = await ask('PUT', '/policy', {
      policy: { ...policy, rules: [...policy.rules, rule] },
      status: 'active',
    });
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal((await ask('PUT', `/lists/watchedAccounts/${watched}`, {})).status, 200);
    await queue(historyPayments);
    await decided(historyPayments);
  });

  await step('it decides payments of several accounts, in the call and by the queue, and reviews some', async () => {
    for (const accountId of accounts) {
      for (const [i, payment] of firstPayments(accountId).entries()) {
        if (i % 2 === 0) await decide(payment);
        else await queue([payment]).then(() => decided([payment]));
      }
      await assertWhole(accountId, firstPayments(accountId));
    }
    await queue(burstPayments);
    await decided(burstPayments);
    for (const payment of [...otherPayments, ...watchedPayments]) await decide(payment);
    assert.equal((await get<Decision>(`/decisions/${watched}-1`)).outcome, 'REVIEW');
    const { items } = await until(
      'a review of the watched account and of the burst',
      () => get<Page>('/reviews?state=open&limit=200'),
      ({ items }) => [burst, watched].every((accountId) => items.some((review) => review.accountId === accountId)),
    );
    const [transactionId] = items.find((review) => review.accountId === burst)!.transactionIds as string[];
    const disposition = { disposition: 'CONFIRMED_FRAUD', note: 'a burst' };
    assert.equal((await ask('POST', `/decisions/${transactionId}/review`, disposition)).status, 200);
  });

  await step('it trains a model, which decides', async () => {
    const { version } = await until(
      'a model',
      async () => (await ask('GET', '/model')).body as { version?: number },
      (model) => model.version !== undefined,
    );
    let n = 0;
    await until(
      'a decision by the model',
      () => decide(paymentOf('a_model', ++n, { occurredAt: paymentOf('a_model', 1).occurredAt })),
      ({ modelVersion }) => modelVersion === version,
    );
  });

  await step('its answers, checkpoints and functions are kept', async () => {
    for (const accountId of everyAccount) {
      await until(
        `the timeline of ${accountId}`,
        async () => {
          const entries = (await get<Page>(auditPath(accountId))).items.filter(
            ({ body }) => (body as { event: string }).event === 'DECISION_MADE',
          );
          const timeline = await get<Page>(`/accounts/${accountId}/decisions?userId=${userId}&limit=200`);
          return { entries: entries.length, shown: timeline.items.length };
        },
        ({ entries, shown }) => entries > 0 && entries === shown,
      );
    }
    keep('answers', await answers());
    keep('models', await models());
    keep('system', (await get<Page>('/audit/system?limit=200')).items);
    keep('verified', await verified());
    await keepVersions();
  });
} else {
  const before = kept<Record<string, unknown>>('answers');

  await step('every old answer is the same', async () => {
    for (const [path, now] of Object.entries(await answers())) assertKept(before[path], now, path);
    const system = (await get<Page>('/audit/system?limit=200')).items;
    const oldSystem = kept<readonly unknown[]>('system');
    assertKept(oldSystem, system.slice(0, oldSystem.length), 'the system chain');
  });

  await step('the models of the earlier version are there, and its newest one decides', async () => {
    const now = await models();
    for (const { version, sha256, trainedAt } of kept<Page['items']>('models')) {
      const same = now.find((model) => model.version === version);
      assert.deepEqual([same?.sha256, same?.trainedAt], [sha256, trainedAt], `model ${version}`);
    }
    const { version } = await get<{ version: number }>('/model');
    const { modelVersion, policyVersion, degraded, reasons } = await decide(paymentOf('a_new_model', 1, { channel: 'upgrade' }));
    // What accounts have in common is not known until a day after the upgrade.
    const lacking = degraded.filter(({ cause }) => cause !== 'WARMING_UP');
    assert.deepEqual({ modelVersion, policyVersion, lacking }, { modelVersion: version, policyVersion: 2, lacking: [] });
    assert.ok(
      reasons.some(({ signal }) => signal === 'RULE:upgrade-channel'),
      JSON.stringify(reasons),
    );
  });

  await step('a repeat of every old payment is a duplicate, and a changed one is refused', async () => {
    for (const payment of oldPayments) {
      const path = `/decisions/${payment.transactionId}`;
      assertKept(
        { ...(before[path] as object), duplicate: true },
        await decide(payment),
        `the repeat of ${payment.transactionId}`,
      );
    }
    const changed = await ask('POST', '/decisions', paymentOf(accounts[0]!, 1, { amountMinor: 1 }));
    assert.equal(changed.status, 409);
    await queue(oldPayments.slice(0, 20));
  });

  await step('old and new functions decide payments of the same accounts side by side, and each once', async () => {
    const all = [...accounts, ...freshAccounts];
    const known = new Map(all.map((accountId) => [accountId, accounts.includes(accountId) ? firstPayments(accountId) : []]));
    const { decidedBy, refusedBy } = await payByBoth(known, roundsTogether);
    console.log(
      `      decided by the old functions: ${decidedBy.old} payments, by the new ones: ${decidedBy.new}; sent again: ${refusedBy.old} and ${refusedBy.new}`,
    );
    assert.ok(decidedBy.old > 0 && decidedBy.new > 0);
    for (const [accountId, payments] of known) await assertWhole(accountId, payments);
    // Rows with figures of entities are refused by 0.1, never misread; the others read the same by both.
    let refused = 0;
    for (const { transactionId } of [...known.values()].map((payments) => payments.at(-1)!)) {
      const now = await get<object>(`/decisions/${transactionId}`);
      const earlier = await readByEarlier(transactionId);
      if (earlier === null) {
        assert.ok('entities' in now, `the old read function refuses ${transactionId}, which holds nothing that is new`);
        refused += 1;
      } else assertKept(earlier, now, transactionId);
    }
    console.log(`      rows that the old read function refuses: ${refused} of ${known.size}`);
  });

  await step('chains go on: new payments follow the old ones, and old reviews are closed', async () => {
    const { audit, reasons } = await decide(paymentOf(watched, 3));
    assert.equal(audit.sequence, 3);
    assert.ok(
      reasons.some(({ signal }) => signal === 'LIST:watchedAccounts'),
      JSON.stringify(reasons),
    );
    const { status, body } = await ask('POST', `/decisions/${watched}-1/review`, { disposition: 'LEGITIMATE' });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal((body as { review: { state: string } }).review.state, 'closed');
  });

  await step('every chain verifies across the upgrade, and replays to the same bytes', async () => {
    const [old, now] = [kept<VerifyReport>('verified'), await verified()];
    assert.equal(now.checkpoints.first!.hash, old.checkpoints.first!.hash);
    assert.ok(now.checkpoints.last!.number > old.checkpoints.last!.number);
    assert.ok(now.entries > old.entries && now.chains > old.chains);
    const bundle = join(folder, 'all.jsonl.gz');
    await aegis('export', bundle);
    const said = await aegis('replay', bundle);
    console.log(`      ${said.trim().split('\n').length} chains replayed`);
  });
}
