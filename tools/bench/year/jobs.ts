import type { APIGatewayProxyEvent } from 'aws-lambda';
import { checkpointRun } from '../../../functions/checkpoint/run.ts';
import { compactArchive } from '../../../functions/compact/compact.ts';
import { readEndpoints } from '../../../functions/read/endpoints.ts';
import { erasedChains } from '../../../functions/read/erasedChains.ts';
import { bundleBlocks } from '../../../functions/read/evidence/bundle.ts';
import { inputsOpener } from '../../../functions/read/inputs.ts';
import { trainModel } from '../../../functions/train/train.ts';
import { ledgerOf } from '../../../shared/deciding/judgement.ts';
import { httpHandler } from '../../../shared/edge/http.ts';
import { settle } from '../../../shared/ledger/ledger.ts';
import { dayOf } from '../../../shared/parquet/places.ts';
import type { Queue } from '../../../shared/ports/ports.ts';
import { listEndpoints } from '../../../shared/webhooks/endpoints.ts';
import { type ExportDependencies, selectExport } from '../../cli/export.ts';
import { verifyLive } from '../../cli/verify.ts';
import { erase } from '../../erasure/erase.ts';
import { verifyChunks } from '../../proof/verify.ts';
import { rebuildSinks } from '../../rebuild/plan.ts';
import { rebuild } from '../../rebuild/rebuild.ts';
import { resend } from '../../rebuild/resend.ts';
import { accountId, transactionId, userId } from './items.ts';
import { realAccountId, realTransactionId, realUserId } from './realAccounts.ts';
import { tenant } from './shape.ts';
import type { World } from './world.ts';

/** One scheduled or on-demand job of a deployment. */
export interface Job {
  readonly name: string;
  /** `flat`: costs the same whatever the history. Others grow, and say with what: `with days` reads one share of every day. */
  readonly growth: 'flat' | 'with days' | 'with accounts';
  /** The function, by its stage, whose time and memory it has; `command`: a person's own machine. */
  readonly runsIn: string;
  /** Calls it may make at any age. */
  readonly callsMax?: number;
  /** Audit rows older than this have left the table; left out: none has. */
  readonly hotDays?: number;
  /** Rejects when the job fails or its answer is wrong. */
  readonly run: (world: World) => Promise<unknown>;
}

const codeVersion = 'bench';
const withinMs = 60_000;
const hourMs = 3_600_000;
/** What a run of the compact function has, less what it keeps for its answer. */
const compactMs = 595_000;
/** Parts in which a table of a year is verified. */
const sharesOfTable = 256;
/** Characters shown of an answer that is no success. */
const answerMax = 300;
/** The real account and payment that evidence, export and erasure are about. */
const chosenAccount = 3;
const chosenPayment = 10;

/** A GET of the read function. Throws an Error with what it answers when that is not 200. */
const get =
  (path: string, query: Readonly<Record<string, string>> = {}) =>
  async (world: World): Promise<unknown> => {
    const { table, archive, checkpoints, clock, randomness, masterSecret, signer } = world;
    let cause = '';
    const handler = httpHandler(
      'read',
      readEndpoints({
        table,
        openInputs: inputsOpener(masterSecret),
        masterSecret,
        findErasedChain: erasedChains(table, masterSecret),
        evidence: { table, archive, checkpoints, clock, publicKey: async () => signer.publicKey },
        version: codeVersion,
        waitingMessages: async () => 0,
      }),
      {
        table,
        clock,
        randomness,
        log: (_level, _message, fields) => {
          if (fields?.error !== undefined) cause = String(fields.error);
        },
        authenticate: async () => ({ tenant, keyId: 'k', scopes: ['read', 'admin'] }),
      },
    );
    const event = {
      httpMethod: 'GET',
      path,
      headers: { authorization: 'Bearer bench' },
      queryStringParameters: query,
      multiValueQueryStringParameters: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value]])),
      body: null,
      isBase64Encoded: false,
    } as unknown as APIGatewayProxyEvent;
    const { statusCode, body } = await handler(event);
    if (statusCode !== 200) throw new Error(`${path}: ${statusCode} ${cause || body.slice(0, answerMax)}`);
    return body;
  };

const exportDependencies = ({ table, archive, checkpoints, clock, signer }: World): ExportDependencies => ({
  table,
  archive,
  checkpoints,
  clock,
  publicKey: signer.publicKey,
});

/** Rejects unless the chosen account's export is intact. */
const exportOfAccount = async (world: World): Promise<void> => {
  const account = { kind: 'account', tenant, accountId: realAccountId(chosenAccount) } as const;
  const source = await selectExport(exportDependencies(world), account);
  const report = await verifyChunks(bundleBlocks(source), { publicKey: world.signer.publicKey });
  if (report.verdict !== 'intact') throw new Error(`the export is ${report.verdict}: ${report.findings[0]?.text}`);
  if (report.entries !== world.history.shape.realPayments) throw new Error(`the export has ${report.entries} entries`);
};

/** Ends a job that has done the part which is measured. */
class Enough extends Error {}

const page = { limit: '50' };

/** Every job. A new one needs a line here and nothing else. */
export const jobs: readonly Job[] = [
  {
    name: 'decide a payment',
    growth: 'flat',
    runsIn: 'score',
    run: async ({ table, clock, randomness, masterSecret, history }) => {
      const ledger = ledgerOf({ table, clock, randomness, masterSecret }, async () => ({ model: null, degraded: 'NO_MODEL' }));
      const nowMs = clock.nowMs();
      const person = {
        userId: userId(1),
        accountId: accountId(1),
        merchantId: 'merchant-1',
        merchantCategory: '5411',
        ipAddress: null,
        beneficiaryId: null,
        instrumentId: null,
        channel: 'upi',
      };
      const transaction = { transactionId: `txn-new-${history.entries}`, ...person, occurredAtMs: nowMs, offsetMinutes: 330 };
      const rest = { amountMinor: 50_000, currency: 'INR', deviceId: null, location: null, metadata: null };
      const submission = { tenant, transaction: { ...transaction, ...rest }, receivedAtMs: nowMs, correlationId: null };
      const [settled] = await settle(ledger, [{ ...submission, queueAgeMs: 10, redelivered: false }], nowMs + withinMs);
      if (settled?.kind !== 'decided') throw new Error(`not decided: ${JSON.stringify(settled)}`);
    },
  },
  {
    name: 'train',
    growth: 'flat',
    runsIn: 'train',
    run: ({ table, archive, models, clock }) => trainModel({ table, archive, models, clock, log: () => undefined, codeVersion }),
  },
  {
    // The last day, although it is not closed: what a run has to do once a day.
    name: 'compaction of a day',
    growth: 'flat',
    runsIn: 'compact',
    run: async ({ table, archive, clock, randomness, history }) => {
      const deadlineMs = clock.nowMs() + compactMs;
      const throughDay = dayOf(history.endMs - 1);
      const report = await compactArchive({ table, archive, clock, randomness }, { deadlineMs, throughDay });
      if (report.outcome === 'busy' || report.rows === 0) throw new Error(`nothing was compacted: ${JSON.stringify(report)}`);
    },
  },
  {
    name: 'checkpoint',
    growth: 'flat',
    runsIn: 'checkpoint',
    run: async ({ table, checkpoints, clock, signer }) => {
      const alerts = { failed: async () => 0, done: async () => 0 };
      const told = { alerts, measure: () => undefined, log: () => undefined };
      const { kind } = await checkpointRun({ table, checkpoints, clock, signer: Promise.resolve(signer), ...told });
      if (kind !== 'made') throw new Error(`no checkpoint was made: ${kind}`);
    },
  },
  {
    name: 'evidence of a decision',
    growth: 'flat',
    runsIn: 'read',
    callsMax: 40,
    run: async (world) => {
      const path = `/decisions/${realTransactionId(chosenAccount, chosenPayment)}/evidence`;
      await requireIntact(String(await get(path)(world)));
    },
  },
  { name: 'export of an account', growth: 'flat', runsIn: 'command', run: exportOfAccount },
  { name: 'export of expired rows', growth: 'with days', runsIn: 'command', hotDays: 20, run: exportOfAccount },
  {
    name: 'verify --live of a share',
    growth: 'with accounts',
    runsIn: 'command',
    run: async (world) => {
      // Synthetic entries have hashes of others: that they are found out is part of the work.
      const { models, masterSecret } = world;
      const stores = { ...exportDependencies(world), models, masterSecret };
      const { exitCode, text } = await verifyLive(stores, { share: { number: 1, of: sharesOfTable } });
      if (exitCode === 2) throw new Error(text);
    },
  },
  { name: 'a decision', growth: 'flat', runsIn: 'read', run: get(`/decisions/${transactionId(1)}`) },
  { name: 'latest decisions', growth: 'flat', runsIn: 'read', run: get('/decisions/latest', page) },
  { name: 'latest BLOCKs', growth: 'flat', runsIn: 'read', run: get('/decisions/latest', { ...page, outcome: 'BLOCK' }) },
  { name: 'recent signals', growth: 'flat', runsIn: 'read', run: get('/signals/recent', page) },
  { name: 'open reviews', growth: 'flat', runsIn: 'read', run: get('/reviews', { ...page, state: 'open' }) },
  { name: 'closed reviews', growth: 'flat', runsIn: 'read', run: get('/reviews', { ...page, state: 'closed' }) },
  { name: 'overview of a day', growth: 'flat', runsIn: 'read', run: get('/metrics/overview', { minutes: '1440' }) },
  {
    name: 'standing of an account',
    growth: 'flat',
    runsIn: 'read',
    run: get(`/accounts/${realAccountId(chosenAccount)}/decision`),
  },
  {
    name: 'timeline of an account',
    growth: 'flat',
    runsIn: 'read',
    run: get(`/accounts/${realAccountId(chosenAccount)}/decisions`, page),
  },
  {
    name: 'audit of an account',
    growth: 'flat',
    runsIn: 'read',
    run: get(`/accounts/${realAccountId(chosenAccount)}/audit`, page),
  },
  { name: 'versions of the model', growth: 'flat', runsIn: 'read', run: get('/model/versions', { limit: '20' }) },
  { name: 'versions of the policy', growth: 'flat', runsIn: 'read', run: get('/policy/versions', { limit: '4' }) },
  { name: 'webhooks list', growth: 'flat', runsIn: 'command', run: ({ table }) => listEndpoints(table, tenant) },
  {
    name: 'webhook replay of an hour',
    growth: 'flat',
    runsIn: 'command',
    run: async ({ table, clock, history }) => {
      const [endpoint] = await listEndpoints(table, tenant);
      const webhookQueue: Queue = { send: async (messages) => messages.map(() => ({ sent: true })) };
      const plan = { tenant, endpointId: endpoint!.endpointId, fromMs: history.endMs - 2 * hourMs, toMs: history.endMs - hourMs };
      const { events } = await resend({ table, webhookQueue, clock }, plan);
      if (events === 0) throw new Error('no event was sent again');
    },
  },
  {
    name: 'erase a person',
    growth: 'flat',
    runsIn: 'command',
    run: async ({ table, archive, clock, randomness, masterSecret }) => {
      const subjects = [{ userId: realUserId(chosenAccount), accountId: realAccountId(chosenAccount) }];
      const { accounts } = await erase(
        { table, archive, clock, randomness, masterSecret, parked: [] },
        { tenant, subjects, by: 'bench' },
      );
      if (accounts !== 1) throw new Error(`${accounts} accounts were erased`);
    },
  },
  {
    // It reads the whole table, so that it has as many rounds as the table has 400,000 items: `npm run bench -- rebuild` adds them up.
    name: 'a round of a rebuild',
    growth: 'flat',
    runsIn: 'command',
    run: async ({ table, archive, checkpoints, clock, randomness, masterSecret, history }) => {
      const webhookQueue = { send: async () => [] };
      const dependencies = { table, archive, checkpoints, webhookQueue, clock, randomness, masterSecret, hotDays: null };
      const plan = { fromMs: history.endMs - 2 * hourMs, toMs: history.endMs - hourMs, sinks: new Set(rebuildSinks) };
      const stop = () => {
        throw new Enough();
      };
      await rebuild(dependencies, { ...plan, resendsWebhooks: false }, stop).catch((error: unknown) => {
        if (!(error instanceof Enough)) throw error;
      });
    },
  },
];

const requireIntact = async (evidencePage: string): Promise<void> => {
  const { verdict, findings } = await verifyChunks(chunksOf(evidencePage));
  if (verdict !== 'intact') throw new Error(`the evidence is ${verdict}: ${findings[0]?.text}`);
};

async function* chunksOf(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}
