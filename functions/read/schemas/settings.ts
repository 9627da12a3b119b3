import { listNoteCharactersMax } from '../../../shared/contract/noteLimits.ts';
import { scopes } from '../../../shared/contract/routes.ts';
import {
  array,
  choice,
  closed,
  count,
  flag,
  hash,
  id,
  number,
  object,
  optional,
  orNull,
  outcome,
  page,
  refer,
  type Schema,
  sequence,
  text,
  time,
} from './parts.ts';

const model = object(
  {
    version: count,
    kind: text,
    status: { ...choice(['active', 'published', 'candidate']), description: 'A candidate was no better than the one in force' },
    reason: { ...orNull(text), description: 'Why a candidate is none more' },
    trainedAt: time,
    trainingWindow: object({ from: time, to: time }),
    rows: count,
    features: array(text),
    metrics: { type: 'object' },
    drift: {
      ...orNull(number),
      description: 'Population stability index of the anomaly score against the version before; null for the first',
    },
    learned: {
      ...orNull(object({ frauds: count, honest: count })),
      description: 'The labelled payments behind the learned layer; null while there are too few',
    },
    codeVersion: text,
    bytes: count,
    sha256: hash,
  },
  ['learned', 'codeVersion', 'bytes'],
);

const policySummary: Readonly<Record<string, Schema>> = {
  version: count,
  hash,
  status: text,
};

const approvals = array(object({ by: { ...text, description: 'The identity' }, at: time }));

const policyVersion: Readonly<Record<string, Schema>> = {
  ...policySummary,
  publishedAt: { ...orNull(time), description: 'Null for the default policy' },
  by: { ...orNull(text), description: 'The key that published it; null for the default policy' },
  author: { ...text, description: 'Where approvals are needed: the identity that published it' },
  approvals,
};

const notAlways = ['author', 'approvals'];

const share: Schema = { type: 'number', minimum: 0, maximum: 1 };

/** What decides, and how it goes, on the wire: policies, lists, models, figures, health. */
export const settingsSchemas = {
  Overview: object({
    from: time,
    to: time,
    totals: object({ ALLOW: count, REVIEW: count, BLOCK: count }),
    minutes: array(object({ minute: time, ALLOW: count, REVIEW: count, BLOCK: count })),
    blockRate: { ...share, description: 'BLOCKed share of the range' },
    fraudRate: { ...share, deprecated: true, description: 'The blockRate' },
    confirmedFraud: { ...count, description: 'Payments of the range that were labelled CONFIRMED_FRAUD, whenever that was' },
    falsePositives: { ...count, description: 'Those that were labelled LEGITIMATE and had been BLOCKed or REVIEWed' },
    blockedAmountMinor: {
      ...count,
      description: 'Worth of the BLOCKed ones in the base currency of the policy that decided; without a rate nothing',
    },
    degradedBy: {
      type: 'object',
      additionalProperties: count,
      description: 'Decisions that were degraded, by cause; one with two causes counts for each',
    },
    latencyMs: object({ p50: orNull(number), p99: orNull(number) }),
    queueAgeMs: orNull(number),
    modelVersion: orNull(count),
    policyVersion: count,
  }),
  PolicyVersion: object({ ...policyVersion, policy: { type: 'object' } }, notAlways),
  PolicyVersionPage: page(object(policyVersion, notAlways)),
  NewPolicy: closed(
    object({ policy: refer('Policy'), status: choice(['draft', 'active']), ifVersion: optional(count) }, ['ifVersion']),
  ),
  PublishedPolicy: object(policySummary),
  PolicyApproval: object({
    ...policySummary,
    approvals,
    needed: { ...sequence, description: 'Approvals by others that it needs to come into force' },
  }),
  PolicyToLint: closed(object({ policy: { description: 'A policy document, however wrong' } })),
  PolicyLint: object({
    ok: flag,
    faults: array(
      object(
        {
          pointer: { ...text, description: 'JSON pointer into the policy' },
          detail: text,
          line: { ...sequence, description: 'In the expression of a rule, from 1' },
          column: { ...sequence, description: 'In characters, from 1' },
        },
        ['line', 'column'],
      ),
    ),
  }),
  NewListEntry: closed(
    object({ expiresAt: optional(time), note: optional({ type: 'string', maxLength: listNoteCharactersMax }) }, [
      'expiresAt',
      'note',
    ]),
  ),
  ListEntry: object({ list: id, entry: id, expiresAt: orNull(time), note: orNull(text) }, ['expiresAt', 'note']),
  Lists: object({
    items: array(
      object({
        list: id,
        kind: choice(['allow', 'block']),
        field: { ...text, description: 'The field of a transaction whose values the list holds' },
        entries: { ...count, description: 'Expired ones included' },
        outcome,
        text,
      }),
    ),
  }),
  ListEntryPage: page(object({ entry: id, expiresAt: time, note: text, by: text, at: time }, ['expiresAt', 'note'])),
  Model: model,
  ModelPage: page(refer('Model')),
  Caller: object({
    tenant: text,
    keyId: { ...text, description: "A key's id, or a token's subject" },
    identity: { ...text, description: "A key's owner, kept when it is rotated, or a token's subject" },
    scopes: array(choice(scopes)),
  }),
  Health: object(
    {
      status: {
        ...choice(['ok', 'degraded', 'down']),
        description:
          'degraded: without the queue, or while decisions of the last 5 minutes lacked a part whose absence calls failTo',
      },
      version: text,
      dependencies: {
        type: 'object',
        additionalProperties: object(
          {
            status: text,
            cause: text,
            waitingMessages: count,
            causes: { type: 'object', additionalProperties: count, description: 'Degraded decisions, by cause' },
          },
          ['cause', 'waitingMessages', 'causes'],
        ),
      },
    },
    ['version', 'dependencies'],
  ),
} as const satisfies Record<string, Schema>;
