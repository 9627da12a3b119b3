import { createHash, generateKeyPairSync } from 'node:crypto';
import { bundleLines, type Scope } from '../../../functions/read/evidence/bundle.ts';
import { canonicalText } from '../../../shared/proof/canonical.ts';
import {
  checkpointBody,
  type Leaf,
  type StoredCheckpoint,
  signCheckpoint,
  sortLeaves,
} from '../../../shared/proof/checkpoint.ts';
import type { AuditEntry } from '../../../shared/proof/entry.ts';
import { localSigner, type Signer } from '../../../shared/proof/signer.ts';
import type { SweepRecord } from '../../../shared/proof/sweepRecord.ts';

export const p256Signer = (): Signer =>
  localSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
export const ed25519Signer = (): Signer =>
  localSigner(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());

export const zeros = '0'.repeat(64);
export const startMs = Date.parse('2026-11-20T10:00:00.000Z');
export const hashOf = (body: object): string => createHash('sha256').update(canonicalText(body)).digest('hex');

/** A body with every class of field that a decision's entry has. */
export const bodyOf = (chain: string, sequence: number, previousHash: string, atMs: number): AuditEntry['body'] => ({
  chain,
  sequence,
  previousHash,
  event: 'DECISION_MADE',
  at: new Date(atMs).toISOString(),
  transactionId: `txn_${chain}_${sequence}`,
  occurredAt: new Date(atMs - 1500).toISOString(),
  receivedAt: new Date(atMs - 20).toISOString(),
  amountMinor: 129_900 + sequence,
  currency: 'INR',
  spendMinor: 129_900 + sequence,
  fingerprint: hashOf({ chain, sequence }),
  sealed: Buffer.from(hashOf({ sealed: sequence, chain }).repeat(3)).toString('base64'),
  secretVersion: 1,
  signals: {
    TOTAL_SPEND_24H: 129_900 * sequence,
    TXN_VELOCITY_1H: sequence % 7,
    RAPID_BURST_1M: 1,
    NEW_DEVICE_USED: sequence % 2,
    AMOUNT_ANOMALY: 1.2345,
    IMPOSSIBLE_TRAVEL: 0,
    UNUSUAL_HOUR: 0,
    MERCHANT_RISK: 0.0123,
    ANOMALY: null,
  },
  triggered: sequence % 3 === 0 ? ['TXN_VELOCITY_1H'] : [],
  merchant: sequence % 4 === 0 ? { frauds: 1, labelled: 40, riskLong: 0.012, riskShort: null } : null,
  lists: [],
  late: false,
  degraded: [{ cause: 'NO_MODEL', part: 'ANOMALY' }],
  outcome: sequence % 5 === 0 ? 'REVIEW' : 'ALLOW',
  score: 12.5,
  policyVersion: 1,
  policyHash: hashOf({ policy: 1 }),
  modelVersion: null,
  modelHash: null,
});

export const sealEntry = (body: AuditEntry['body']): AuditEntry => ({ body, hash: hashOf(body) });

export const chainOf = (chain: string, count: number, from: readonly AuditEntry[] = [], salt = 0): AuditEntry[] => {
  const entries = [...from];
  while (entries.length < count) {
    const sequence = entries.length + 1;
    const body = bodyOf(chain, sequence, entries.at(-1)?.hash ?? zeros, startMs + sequence * 60_000);
    entries.push(sealEntry(salt === 0 ? body : { ...body, amountMinor: (body.amountMinor as number) + salt }));
  }
  return entries;
};

export interface Log {
  readonly signer: Signer;
  readonly chains: ReadonlyMap<string, readonly AuditEntry[]>;
  readonly checkpoints: readonly StoredCheckpoint[];
}

/** A log whose chain i had `lengths[i][k]` entries when checkpoint k was made; the last number of each row is its whole length. */
export const logOf = async (lengths: Readonly<Record<string, readonly number[]>>, signer = p256Signer()): Promise<Log> => {
  const chains = new Map(Object.entries(lengths).map(([chain, counts]) => [chain, chainOf(chain, counts.at(-1) ?? 0)]));
  const checkpoints: StoredCheckpoint[] = [];
  const rounds = Math.max(...Object.values(lengths).map((counts) => counts.length)) - 1;
  for (let k = 0; k < rounds; k++) {
    const leaves: Leaf[] = [];
    for (const [chain, counts] of Object.entries(lengths)) {
      const count = counts[k] ?? 0;
      if (count > (counts[k - 1] ?? 0)) leaves.push({ chain, sequence: count, head: chains.get(chain)![count - 1]!.hash });
    }
    if (leaves.length > 0) checkpoints.push(await nextCheckpoint(checkpoints.at(-1) ?? null, leaves, signer));
  }
  return { signer, chains, checkpoints };
};

export const nextCheckpoint = async (
  previous: StoredCheckpoint | null,
  leaves: readonly Leaf[],
  signer: Signer,
  sweeps: readonly SweepRecord[] = [],
): Promise<StoredCheckpoint> => {
  const sorted = sortLeaves(leaves);
  const at = new Date(startMs + ((previous?.body.number ?? 0) + 1) * 3_600_000).toISOString();
  const body = checkpointBody(at, previous?.body ?? null, sorted, signer.publicKey, sweeps);
  return { ...(await signCheckpoint(body, signer)), leaves: sorted };
};

/** The lines of a log's bundle, without their newlines. */
export const linesOf = async (log: Log, scope: Scope = { kind: 'range', from: null, to: null }): Promise<string[]> => {
  const source = {
    exportedAt: '2026-11-21T00:00:00.000Z',
    scope,
    publicKey: log.signer.publicKey,
    checkpoints: log.checkpoints,
    policies: [{ hash: hashOf({ policy: 1 }), policy: { policy: 1 } }],
    models: [],
    chains: [...log.chains]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([chain, entries]) => ({ chain, first: entries[0]!.body.sequence, entries })),
  };
  const lines: string[] = [];
  for await (const line of bundleLines(source)) lines.push(line.slice(0, -1));
  return lines;
};

export const bytesOf = (lines: readonly string[]): Buffer => Buffer.from(`${lines.join('\n')}\n`);

export const entryLine = ({ body, hash }: AuditEntry): string => canonicalText({ body, hash });

/** The index among the lines of the entry `sequence` of `chain`. */
export const lineOf = (lines: readonly string[], chain: string, sequence: number): number => {
  const start = lines.findIndex((line) => line.startsWith('{"chain":') && JSON.parse(line).chain === chain);
  for (let i = start + 1; i < lines.length; i++) {
    if (lines[i]!.startsWith('{"body":') && lines[i]!.includes(`"sequence":${sequence},`)) return i;
  }
  throw new Error(`no entry ${sequence} of ${chain}`);
};
