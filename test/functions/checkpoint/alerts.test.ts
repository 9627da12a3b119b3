import { describe, expect, test } from 'vitest';
import { runAlerts } from '../../../functions/checkpoint/alerts.ts';
import { checkpointRun } from '../../../functions/checkpoint/run.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { quietMs } from '../../../shared/alerts/gate.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import type { AlertChoice } from '../../../shared/domain/policy.ts';
import type { Measured } from '../../../shared/edge/metrics.ts';
import { schemaHash } from '../../../shared/model/artefact.ts';
import { type Manifest, manifestAttributes } from '../../../shared/model/manifest.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { publishPolicy } from '../../../shared/policy/store.ts';
import { Unavailable } from '../../../shared/ports/ports.ts';
import { noteHeads } from '../../../shared/proof/heads.ts';
import type { Signer } from '../../../shared/proof/signer.ts';
import { defaultTenant, modelPointerKey, modelVersionKey } from '../../../shared/store/names.ts';
import { chainOf, ed25519Signer } from '../../tools/proof/builders.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const modelAgeMsMax = 96 * hourMs;
const lagMsMax = 30 * minuteMs;
const pointer = { pk: 'T#pointer', sk: 'CURRENT' };
const entries = chainOf('alpha', 4);
const madeAtMs = Date.parse(entries[0]!.body.at);
const manifest: Manifest = {
  version: 1,
  kind: 'isolation-forest',
  sha256: 'a'.repeat(64),
  bytes: 1,
  features: featureNames,
  schemaHash,
  seed: 1,
  trainedAtMs: 0,
  trainingWindow: { fromMs: 0, toMs: 0 },
  rows: 256,
  digest: 'b'.repeat(64),
  reference: 'c'.repeat(64),
  learned: null,
  metrics: {},
  codeVersion: 'test',
  status: 'published',
  reason: null,
};

/** Runs with their alerts, on a clock that stands at the first entry. */
const world = () => {
  const clock = virtualClock(madeAtMs);
  const [table, checkpoints] = [memoryTable(), memoryObjects()];
  const state = { isTopicDown: false, isStoreDown: false };
  const sent: { readonly kind: string; readonly subject: string; readonly text: string }[] = [];
  const logged: string[] = [];
  const counted: Record<string, Measured['value']>[] = [];
  const log = (_level: string, message: string) => logged.push(message);
  const topic = (kind: string) => ({
    publish: async (subject: string, text: string) => {
      if (state.isTopicDown) throw new Error('the topic is away');
      sent.push({ kind, subject, text });
    },
  });
  const alerts = runAlerts({
    table,
    clock,
    topics: { model: topic('model'), verifier: topic('verifier') },
    consoleUrl: 'https://aegis.example/console',
    modelAgeMsMax,
    lagMsMax,
    log,
  });
  const ownSigner = Promise.resolve(ed25519Signer());
  const run = ({ signer = ownSigner }: { readonly signer?: Promise<Signer> } = {}) =>
    checkpointRun({
      table,
      checkpoints: {
        ...checkpoints,
        list: async (...call) => {
          if (state.isStoreDown) throw new Unavailable('S3 is away');
          return checkpoints.list(...call);
        },
      },
      clock,
      signer,
      alerts,
      measure: (metrics) => counted.push(Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value]))),
      log,
    });
  /** As a publication would leave it, without its artefact. */
  const trainedAt = async (trainedAtMs: number) => {
    await table.put({ ...modelVersionKey(1), ...manifestAttributes({ ...manifest, trainedAtMs }) });
    await table.put({ ...modelPointerKey, version: 1, sha256: manifest.sha256, moves: 1 });
  };
  const choose = (alerts: Partial<AlertChoice>) =>
    publishPolicy(table, defaultTenant, {
      policy: { ...defaultPolicy, alerts: { blocks: true, reviewsFrom: null, degraded: true, ...alerts } },
      status: 'active',
      by: 'test',
      atMs: madeAtMs,
    });
  return { clock, table, state, sent, logged, counted, run, trainedAt, choose };
};

describe('a checkpoint run', () => {
  test('tells nobody of what is as it should be', async () => {
    const { clock, table, sent, counted, run, trainedAt } = world();
    await noteHeads(table, entries.slice(0, 1));
    await trainedAt(madeAtMs + lagMsMax - modelAgeMsMax);
    clock.advance(lagMsMax);
    expect(await run()).toMatchObject({ kind: 'made', lagMs: lagMsMax });
    expect(sent).toEqual([]);
    expect(counted).toEqual([{ CheckpointLag: lagMsMax, CheckpointLeaves: 1, ModelAge: modelAgeMsMax }]);
  });

  test('tells of an entry that waited too long', async () => {
    const { clock, table, sent, run } = world();
    await noteHeads(table, entries.slice(0, 1));
    clock.advance(lagMsMax + minuteMs);
    await run();
    expect(sent).toMatchObject([
      { kind: 'verifier', subject: 'Aegis: a checkpoint came late, an audit entry waited 31 minutes' },
    ]);
  });

  test('tells of a model in force that is too old, once a day', async () => {
    const { clock, sent, run, trainedAt } = world();
    await trainedAt(madeAtMs - modelAgeMsMax - hourMs);
    await run();
    expect(sent).toMatchObject([{ kind: 'model', subject: 'Aegis: the model in force is 97 hours old' }]);
    clock.advance(quietMs.model - minuteMs);
    await run();
    expect(sent).toHaveLength(1);
    clock.advance(minuteMs);
    await run();
    expect(sent.map(({ subject }) => subject).at(-1)).toBe('Aegis: the model in force is 121 hours old');
  });

  test('that fails fails all the same, and tells of its error once an hour', async () => {
    const { clock, state, table, sent, counted, run } = world();
    await noteHeads(table, entries.slice(0, 1));
    state.isStoreDown = true;
    await expect(run()).rejects.toThrow(Unavailable);
    await expect(run()).rejects.toThrow(Unavailable);
    expect(sent).toMatchObject([{ kind: 'verifier', subject: 'Aegis: a checkpoint run failed' }]);
    expect(sent[0]!.text).toMatch(/^A checkpoint run failed: Unavailable: S3 is away\n/);
    expect(counted).toEqual([{}, {}]);
    clock.advance(quietMs.verifier);
    await expect(run()).rejects.toThrow(Unavailable);
    expect(sent).toHaveLength(2);
  });

  test('that finds the pointer set back tells of a finding, though another failure was told just before', async () => {
    const { state, table, sent, run } = world();
    await noteHeads(table, entries.slice(0, 1));
    await run();
    const early = (await table.get(pointer))!;
    await noteHeads(table, entries.slice(1, 2));
    await run();
    state.isStoreDown = true;
    await expect(run()).rejects.toThrow(Unavailable);
    state.isStoreDown = false;
    await table.put(early);
    await noteHeads(table, entries.slice(2, 3));
    await expect(run()).rejects.toThrow('but the archive holds');
    expect(sent.map(({ subject }) => subject)).toEqual([
      'Aegis: a checkpoint run failed',
      'Aegis: the checkpoints do not verify, none is signed',
    ]);
    expect(sent[1]!.text).toContain('the pointer says that checkpoint 1 is the last, but the archive holds checkpoints/');
  });

  test('tells of a key that cannot be used', async () => {
    const { sent, run } = world();
    const signer = Promise.reject(new Error('KMS is away'));
    signer.catch(() => undefined);
    await expect(run({ signer })).rejects.toThrow('KMS is away');
    expect(sent[0]!.text).toMatch(/^A checkpoint run failed: Error: KMS is away\n/);
  });

  test.each([
    ['an old model', { model: false }, ['verifier']],
    ['late checkpoints', { verifier: false }, ['model']],
  ])('is silent about %s where the policy of the default tenant says so', async (_, choice, kinds) => {
    const { clock, table, sent, run, trainedAt, choose } = world();
    await noteHeads(table, entries.slice(0, 1));
    await trainedAt(madeAtMs - modelAgeMsMax);
    await choose(choice);
    clock.advance(lagMsMax + minuteMs);
    await run();
    expect(sent.map(({ kind }) => kind)).toEqual(kinds);
  });

  test('is silent about its failures where the policy says so, and fails', async () => {
    const { state, table, sent, run, choose } = world();
    await noteHeads(table, entries.slice(0, 1));
    await choose({ verifier: false });
    state.isStoreDown = true;
    await expect(run()).rejects.toThrow(Unavailable);
    expect(sent).toEqual([]);
  });
});

describe('an alert that cannot be sent', () => {
  test('is logged and counted, and the run has its result', async () => {
    const { clock, state, table, logged, counted, run, trainedAt } = world();
    await noteHeads(table, entries.slice(0, 1));
    await trainedAt(madeAtMs - modelAgeMsMax);
    clock.advance(lagMsMax + minuteMs);
    state.isTopicDown = true;
    expect(await run()).toMatchObject({ kind: 'made', number: 1 });
    expect(logged.filter((message) => message === 'alert not told')).toHaveLength(2);
    expect(counted).toMatchObject([{ CheckpointLeaves: 1, AlertsFailed: 2 }]);
  });

  test('does not hide the error of the run', async () => {
    const { state, table, counted, run } = world();
    await noteHeads(table, entries.slice(0, 1));
    state.isTopicDown = true;
    state.isStoreDown = true;
    await expect(run()).rejects.toThrow('S3 is away');
    expect(counted).toEqual([{ AlertsFailed: 1 }]);
  });
});
