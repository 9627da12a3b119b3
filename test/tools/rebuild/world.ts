import type { APIGatewayProxyEvent } from 'aws-lambda';
import { makeCheckpoints } from '../../../functions/checkpoint/checkpoint.ts';
import { archiveSink } from '../../../functions/project/archiveSink.ts';
import { featuresSink } from '../../../functions/project/featuresSink.ts';
import { feedSink } from '../../../functions/project/feedSink.ts';
import { headsSink } from '../../../functions/project/headsSink.ts';
import { lookupsSink } from '../../../functions/project/lookupsSink.ts';
import { policyReader } from '../../../functions/project/policyReader.ts';
import { tableProgress } from '../../../functions/project/progress.ts';
import { reviewsSink } from '../../../functions/project/reviewsSink.ts';
import { usersSink } from '../../../functions/project/usersSink.ts';
import { webhooksSink } from '../../../functions/project/webhooksSink.ts';
import { readEndpoints } from '../../../functions/read/endpoints.ts';
import { erasedChains } from '../../../functions/read/erasedChains.ts';
import { inputsOpener } from '../../../functions/read/inputs.ts';
import { type Disposition, dispose } from '../../../functions/review/dispose.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { httpHandler } from '../../../shared/edge/http.ts';
import { readLines } from '../../../shared/model/archive.ts';
import type { ObjectStore, TableStore, Write } from '../../../shared/ports/ports.ts';
import { readArchive } from '../../../shared/proof/archive.ts';
import { canonicalText } from '../../../shared/proof/canonical.ts';
import { readPendingHeads } from '../../../shared/proof/heads.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { addEndpoint } from '../../../shared/webhooks/endpoints.ts';
import { streamImage } from '../../../tools/local/streamImage.ts';
import type { RebuildDependencies } from '../../../tools/rebuild/plan.ts';
import { decideNow, ledgerWithoutModel, strictProjector, testSecret } from '../../support/engine.ts';
import { testQueue } from '../../support/stores.ts';
import { ed25519Signer } from '../proof/builders.ts';

export const startMs = Date.UTC(2026, 10, 20, 12);
export const tenant = 'acme';
const hourMs = 3_600_000;
const { signer, publicKey } = (() => {
  const made = ed25519Signer();
  return { signer: made, publicKey: made.publicKey };
})();

export interface StackStores {
  /** The table, which tells of each of its commits. */
  readonly tableTelling: (onCommitted: (writes: readonly Write[]) => void) => TableStore;
  readonly archive: ObjectStore;
  readonly checkpoints: ObjectStore;
  readonly hotDays?: number;
}

/**
 * The stages that write and read, and the table's stream between them. The same calls on two stacks make the same decisions: what the
 * ledger draws does not depend on what sinks draw, and time moves only as told.
 */
export async function stackOn({ tableTelling, archive, checkpoints, hotDays }: StackStores) {
  let changes: Write[] = [];
  let isLosing = false;
  const table = tableTelling((writes) => changes.push(...writes));
  const time = virtualClock(startMs);
  const clock = { nowMs: time.nowMs, sleep: async () => {} };
  const masterSecret = testSecret();
  const ledger = ledgerWithoutModel({ table, clock, randomness: seededRandom(1), masterSecret });
  const randomness = seededRandom(2);
  const webhookQueue = testQueue();
  const project = strictProjector({
    sinks: [
      feedSink({ table, clock, randomness }),
      reviewsSink({ table, clock, randomness }),
      archiveSink({ archive, table, hotDays: hotDays ?? null }),
      headsSink({ table }),
      usersSink({ table }),
      lookupsSink({ table, masterSecret, policyOf: policyReader(table), isOn: true }),
      featuresSink({ archive }),
      webhooksSink({ table, clock, queue: webhookQueue }),
    ],
    progress: tableProgress({ table, clock }),
  });
  const evidence = { table, clock, archive, checkpoints, publicKey: async () => publicKey };
  const handler = httpHandler(
    'read',
    readEndpoints({
      table,
      openInputs: inputsOpener(masterSecret),
      masterSecret,
      findErasedChain: erasedChains(table, masterSecret),
      evidence,
      version: '1.2.3',
      waitingMessages: async () => 0,
    }),
    {
      table,
      clock,
      randomness,
      log: () => {},
      authenticate: async () => ({ tenant, keyId: 'k', scopes: ['read', 'admin'] }),
    },
  );

  let sequence = 0;
  const recordOf = async (write: Write) => {
    const { pk, sk } = write.kind === 'put' ? write.item : write.key;
    const image =
      write.kind === 'put' ? write.item : write.kind === 'update' ? await table.get({ pk, sk }, { consistent: true }) : null;
    const isNew = write.kind === 'put' && write.condition?.kind === 'absent';
    sequence += 1;
    return {
      eventID: `e${sequence}`,
      eventName: image === null ? 'REMOVE' : isNew ? 'INSERT' : 'MODIFY',
      dynamodb: {
        SequenceNumber: String(sequence),
        Keys: { pk: { S: pk }, sk: { S: sk } },
        ...(image !== null && { NewImage: streamImage(image) }),
      },
    };
  };
  const get = async (path: string, query: Record<string, string> = {}) => {
    const event = {
      httpMethod: 'GET',
      path,
      headers: { authorization: 'x' },
      queryStringParameters: query,
      multiValueQueryStringParameters: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value]])),
      body: null,
      isBase64Encoded: false,
    } as unknown as APIGatewayProxyEvent;
    const { statusCode, headers, body } = await handler(event);
    return { status: statusCode, body: String(headers?.['content-type']).includes('json') ? JSON.parse(body) : body };
  };
  await addEndpoint(
    { table, clock, randomness: seededRandom(3) },
    { tenant, url: 'https://receiver.example.com/', events: ['*'], createdBy: 'ana' },
    { allowsLoopback: false },
  );

  return {
    table,
    archive,
    clock,
    randomness,
    masterSecret,
    webhooks: webhookQueue.messages,
    get,
    advance: (ms: number) => time.advance(ms),
    /** From now on the records of the stream are lost, or come again. */
    lose: (lost: boolean) => {
      isLosing = lost;
    },
    pay: (given: Transaction) => decideNow(ledger, given, { tenant, queueAgeMs: given.amountMinor % 5_000 }),
    label: (transactionId: string, disposition: Disposition) =>
      dispose(
        { table, clock, randomness: seededRandom(4), masterSecret },
        { tenant, transactionId, disposition, note: null, by: 'ana' },
        clock.nowMs() + hourMs,
      ),
    /** Hands over what was committed since, and what that commits, or loses it. */
    async deliver() {
      while (changes.length > 0) {
        const records = await Promise.all(
          changes
            .splice(0)
            .filter(({ kind }) => kind !== 'check')
            .map(recordOf),
        );
        if (isLosing) continue;
        await project(records);
      }
      changes = [];
    },
    checkpoint: () => makeCheckpoints({ table, checkpoints, signer, clock }),
    rebuilding: (more: Partial<RebuildDependencies> = {}): RebuildDependencies => ({
      table,
      archive,
      checkpoints,
      webhookQueue,
      clock,
      randomness: seededRandom(5),
      hotDays: hotDays ?? null,
      masterSecret,
      ...more,
    }),
    /** All items of a paged route, through every page; anything else as it is answered. */
    async answer(path: string, query: Record<string, string> = {}): Promise<unknown> {
      const items: unknown[] = [];
      let cursor: string | undefined;
      do {
        const { status, body } = await get(path, cursor === undefined ? query : { ...query, cursor });
        if (status !== 200 || !Array.isArray(body.items)) return { status, body };
        items.push(...body.items);
        cursor = body.cursor;
      } while (cursor !== undefined);
      return items;
    },
    /** What the archive holds: its lines, copies included, in one order. */
    async archived() {
      const entries: string[] = [];
      for await (const some of readArchive(archive, '0000-00-00', '9999-99-99'))
        entries.push(...some.map((entry) => canonicalText(entry)));
      const features: string[] = [];
      for (let after: string | undefined; ; ) {
        const page: Awaited<ReturnType<ObjectStore['list']>> = await archive.list('features/', {
          ...(after !== undefined && { after }),
        });
        for (const key of page.keys) {
          for await (const line of readLines((await archive.get(key))!, key)) features.push(JSON.stringify(line));
        }
        after = page.after;
        if (after === undefined) break;
      }
      return { entries: entries.sort(), features: features.sort() };
    },
    async pendingHeads() {
      const { heads } = await readPendingHeads(table, 1_000_000, 0);
      return heads.toSorted((a, b) => (a.chain < b.chain ? -1 : 1));
    },
  };
}

export type Stack = Awaited<ReturnType<typeof stackOn>>;
