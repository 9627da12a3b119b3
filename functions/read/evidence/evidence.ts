import { gzipSync } from 'node:zlib';
import { renderDecision } from '../../../shared/contract/render.ts';
import { auditFromItem, decisionFromItem, type StoredDecision } from '../../../shared/ledger/items.ts';
import { accountFromItem } from '../../../shared/ledger/state.ts';
import { readManifest } from '../../../shared/model/store.ts';
import { policyHash } from '../../../shared/policy/hash.ts';
import { readPolicyVersion } from '../../../shared/policy/store.ts';
import type { TableStore } from '../../../shared/ports/ports.ts';
import { ChainIndexBehind } from '../../../shared/proof/chainIndex.ts';
import { type AuditEntry, asAuditEntry } from '../../../shared/proof/entry.ts';
import { labelFromItem } from '../../../shared/reviews/labels.ts';
import { auditKey, decisionKey, labelKey, stateKey } from '../../../shared/store/names.ts';
import type { OpenInputs } from '../inputs.ts';
import { type BundleSource, bundleLines } from './bundle.ts';
import { type ExportExtras, type ExportStores, exportChains, exportStretch } from './export.ts';
import { attachmentOpening } from './lines.ts';

export const evidenceLimits = {
  /** A longer chain is not attached whole, so that any page takes a bounded number of calls. */
  wholeChain: 2_000,
  /** Lines of a bundle. A longer stretch of entries between two checkpoints is refused. */
  lines: 5_000,
} as const;

/** Larger attachments are refused: a function's answer holds at most 6 MB. */
const attachmentBytesMax = 4 * 2 ** 20;

/** Thrown when a page cannot be made here; the message says why. */
export class EvidenceUnavailable extends Error {
  override readonly name = 'EvidenceUnavailable';
}

export interface EvidenceExtras {
  /** RFC 3339. */
  readonly exportedAt: string;
  /** Of the checkpoint key, SPKI in PEM. */
  readonly publicKey: string;
  /** Opens the sealed name of who reviewed the payment. */
  readonly openInputs: OpenInputs;
}

/**
 * Returns an HTML page that explains one decision to a person, with the bundle of its account's chain attached; `aegis verify` reads the
 * page as it is. Returns null for an unknown transaction. Throws EvidenceUnavailable when the chain does not fit, and store errors.
 */
export const evidencePage = async (
  stores: ExportStores,
  tenant: string,
  transactionId: string,
  { exportedAt, publicKey, openInputs }: EvidenceExtras,
  wholeChainMax: number = evidenceLimits.wholeChain,
): Promise<string | null> => {
  const item = await stores.table.get(decisionKey(tenant, transactionId), { consistent: true });
  if (item === null) return null;
  const stored = decisionFromItem(item);
  const { decision } = stored;
  const policy = await readPolicyVersion(stores.table, tenant, decision.policyVersion);
  if (!policy) throw new Error(`version ${decision.policyVersion} of the policy of tenant ${tenant} is not kept`);
  const manifest = decision.modelVersion === null ? null : await readManifest(stores.table, decision.modelVersion);
  const extras = {
    exportedAt,
    publicKey,
    policies: [{ hash: policyHash(policy.policy), policy: policy.policy }],
    models: manifest ? [manifest] : [],
  };
  const label = await stores.table.get(labelKey(tenant, transactionId));
  const source = await sourceOf(stores, stored, extras, wholeChainMax).catch((error: unknown) => {
    if (error instanceof ChainIndexBehind) throw new EvidenceUnavailable(error.message);
    throw error;
  });
  const { attachment, entries } = await packed(source);
  const isWhole = source.scope.kind === 'accounts';
  const labelling = isWhole || label === null ? null : await entryAt(stores.table, stored.chain, labelFromItem(label).sequence);
  const checkpoint = source.checkpoints.find(({ leaves }) =>
    leaves.some((leaf) => leaf.chain === stored.chain && leaf.sequence >= decision.sequence),
  );
  const wire = renderDecision(decision, policy.policy, { duplicate: false, erased: stored.erased });
  const isOfPayment = ({ body }: AuditEntry) => body.event === 'REVIEWED' && body.transactionId === transactionId;
  const attached = entries.filter(isOfPayment);
  const isAttached = attached.some(({ body }) => body.sequence === labelling?.body.sequence);
  const reviewed = labelling && !isAttached && isOfPayment(labelling) ? [...attached, labelling] : attached;
  const reviewers = await reviewersOf(stores.table, openInputs, tenant, stored, reviewed);
  return pageOf(`Evidence: ${transactionId}`, [
    section(
      'What was decided',
      definitions({ outcome: wire.outcome, score: wire.score, change: wire.transition, decided: wire.decidedAt }),
    ),
    section('What was paid', definitions(paid(stored, wire.occurredAt))),
    section(
      'Why',
      table(
        ['signal', 'value', 'threshold', 'points', 'in words'],
        wire.reasons.map(({ signal, value, threshold, points, text }) => [signal, value, threshold, points, text]),
      ),
    ),
    section(
      'All signals',
      table(
        ['signal', 'value', 'triggered'],
        Object.entries(wire.signals).map(([name, { value, triggered }]) => [name, value, triggered ? 'yes' : '']),
      ) + definitions({ 'last 24 hours': wire.explanation || 'no signal triggered', late: wire.late ? 'yes' : 'no' }),
    ),
    section(
      'What was not available',
      wire.degraded.length === 0
        ? paragraph('Everything was available.')
        : table(
            ['part', 'cause'],
            wire.degraded.map(({ part, cause, rule }) => [rule === undefined ? part : `${part}, rule ${rule}`, cause]),
          ),
    ),
    section(
      'The model',
      decision.modelVersion === null
        ? paragraph('No model was in force: the rules alone decided.')
        : definitions({
            version: decision.modelVersion,
            sha256: manifest?.sha256 ?? 'not kept',
            'anomaly percentile': wire.anomaly?.percentile ?? null,
          }) +
            table(
              ['feature', 'points'],
              (wire.anomaly?.contributions ?? []).map(({ feature, points }) => [feature, points]),
            ),
    ),
    section(
      'The policy',
      definitions({
        version: decision.policyVersion,
        hash: policy.hash,
        'REVIEW from': policy.policy.cutoffs.review,
        'BLOCK from': policy.policy.cutoffs.block,
      }) +
        table(
          ['rule', 'when', 'gives', 'in words'],
          policy.policy.rules.map((rule) => [rule.id, rule.when, rule.outcome ?? `${rule.points} points`, rule.text]),
        ),
    ),
    section(
      'Who reviewed it',
      reviewed.length === 0
        ? paragraph('Nobody has reviewed it yet.')
        : table(
            ['when', 'who', 'disposition', 'entry'],
            reviewed.map(({ body }, index) => [body.at, reviewers[index], body.disposition, body.sequence]),
          ),
    ),
    section(
      'The proof',
      definitions({
        chain: stored.chain,
        entry: decision.sequence,
        hash: decision.hash,
        checkpoint: checkpoint
          ? `${checkpoint.body.number} of ${checkpoint.body.at}`
          : 'none yet: only the chain protects this entry',
      }) +
        paragraph(
          `${isWhole ? 'The whole chain' : 'The chain from this entry to the one that the checkpoint holds'} and its proofs are attached to this page. To check them, save the page and run: aegis verify FILE --key PUBLIC.pem`,
        ),
    ),
    `${attachmentOpening}${attachment}</script>`,
  ]);
};

/** Returns the whole chain of a decision, or, when the chain is too long, the part that proves this decision. */
const sourceOf = async (
  stores: ExportStores,
  { chain, decision: { sequence, decidedAtMs } }: StoredDecision,
  extras: ExportExtras,
  wholeChainMax: number,
): Promise<BundleSource> => {
  const { pk, sk } = auditKey(chain, wholeChainMax + 1);
  const { items } = await stores.table.query({ pk, from: sk, limit: 1 });
  const place = { chain, sequence, atMs: decidedAtMs };
  return items.length === 0 ? exportChains(stores, [chain], extras, async () => [place]) : exportStretch(stores, place, extras);
};

const entryAt = async (table: TableStore, chain: string, sequence: number): Promise<AuditEntry | null> => {
  const item = await table.get(auditKey(chain, sequence), { consistent: true });
  return item && asAuditEntry(auditFromItem(item));
};

const packed = async (
  source: BundleSource,
): Promise<{ readonly attachment: string; readonly entries: readonly AuditEntry[] }> => {
  const lines: string[] = [];
  let bytes = 0;
  for await (const line of bundleLines(source)) {
    bytes += line.length;
    if (bytes > rawBytesMax || lines.length > evidenceLimits.lines) break;
    lines.push(line);
  }
  const isTooLong = bytes > rawBytesMax || lines.length > evidenceLimits.lines;
  const attachment = isTooLong ? '' : gzipSync(lines.join('')).toString('base64');
  if (isTooLong || attachment.length > attachmentBytesMax) {
    throw new EvidenceUnavailable(
      `its chain is larger than the ${attachmentBytesMax} bytes a page can hold; aegis export --account has no such limit`,
    );
  }
  const entries = lines
    .filter((line) => line.startsWith('{"body":') && line.includes(',"hash":"'))
    .map((line) => JSON.parse(line) as AuditEntry);
  return { attachment, entries };
};

/** Larger bundles are not compressed at all: gzip cannot bring them under the limit. */
const rawBytesMax = 16 * attachmentBytesMax;

/** Returns who made each REVIEWED entry: the id of a key; `erased` once the account's personal data is erased. */
const reviewersOf = async (
  table: TableStore,
  openInputs: OpenInputs,
  tenant: string,
  { decision: { transaction }, erased }: StoredDecision,
  reviewed: readonly AuditEntry[],
): Promise<readonly unknown[]> => {
  if (reviewed.length === 0) return [];
  const key = stateKey(tenant, transaction.accountId, transaction.userId);
  const state = erased ? null : await table.get(key, { consistent: true });
  if (state === null) return reviewed.map(() => 'erased');
  const { salt } = accountFromItem(state);
  return Promise.all(reviewed.map(async ({ body }) => (await openInputs(salt, body))?.by ?? 'erased'));
};

const paid = (
  { decision: { transaction }, erased, correlationId }: StoredDecision,
  occurredAt: string | null,
): Record<string, unknown> => {
  const known = {
    transaction: transaction.transactionId,
    amount: `${transaction.amountMinor} minor units of ${transaction.currency}`,
    'correlation id': correlationId,
  };
  if (erased) return { ...known, person: 'erased' };
  return {
    ...known,
    'occurred at': occurredAt,
    user: transaction.userId,
    account: transaction.accountId,
    channel: transaction.channel,
    device: transaction.deviceId,
    merchant: transaction.merchantId,
    category: transaction.merchantCategory,
    address: transaction.ipAddress,
    beneficiary: transaction.beneficiaryId,
    instrument: transaction.instrumentId,
    place: transaction.location,
    metadata: transaction.metadata,
  };
};

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd;overflow-wrap:anywhere}th{font-weight:600}';

const pageOf = (title: string, parts: readonly string[]): string =>
  [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escaped(title)}</title><style>${style}</style></head><body><main><h1>${escaped(title)}</h1>`,
    ...parts,
    '</main></body></html>',
    '',
  ].join('\n');

const section = (title: string, content: string): string => `<section><h2>${escaped(title)}</h2>${content}</section>`;
const paragraph = (text: string): string => `<p>${escaped(text)}</p>`;

const table = (heads: readonly string[], rows: readonly (readonly unknown[])[]): string => {
  if (rows.length === 0) return paragraph('None.');
  const head = heads.map((text) => `<th scope="col">${escaped(text)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map((value) => `<td>${escaped(textOf(value))}</td>`).join('')}</tr>`).join('');
  return `<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
};

const definitions = (values: Readonly<Record<string, unknown>>): string => {
  const rows = Object.entries(values).map(
    ([name, value]) => `<tr><th scope="row">${escaped(name)}</th><td>${escaped(textOf(value))}</td></tr>`,
  );
  return `<table><tbody>${rows.join('')}</tbody></table>`;
};

const textOf = (value: unknown): string => {
  if (value === null || value === undefined) return '-';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

/** Returns the text with HTML's special characters escaped, so that no caller's text becomes markup. */
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
