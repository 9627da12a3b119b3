import type { Key } from '../ports/ports.ts';

/**
 * Every name that code and infrastructure share: keys, attributes, environment variables, message attributes. `infra/` imports it;
 * nothing spells one of these a second time.
 */

/** Leading characters of partition keys; IAM conditions on leading keys are built from them. */
export const prefixes = {
  state: 'S#',
  decision: 'D#',
  audit: 'A#',
  feed: 'F#',
  counter: 'C#',
  review: 'R#',
  label: 'B#',
  policy: 'P#',
  list: 'L#',
  merchant: 'M#',
  key: 'K#',
  model: 'O#',
  secret: 'X#',
  webhook: 'W#',
  checkpoint: 'T#',
  alert: 'N#',
  erased: 'E#',
  progress: 'J#',
  compaction: 'Z#',
  user: 'U#',
  entity: 'G#',
  receiver: 'Q#',
  lookup: 'I#',
} as const;

/** The items whose changes are projected. */
export const projectedItems = ['decision', 'audit', 'review', 'label'] as const satisfies readonly (keyof typeof prefixes)[];

/**
 * The beginnings of keys of items that nothing may delete: neither a function nor a person, but for an erasure, an entry of a list, a webhook
 * endpoint and the rows of archived entries whose time is up. Whatever else goes raises an alarm.
 */
export const protectedPrefixes: readonly string[] = [
  prefixes.state,
  prefixes.decision,
  prefixes.audit,
  prefixes.policy,
  prefixes.key,
  prefixes.list,
  prefixes.merchant,
  prefixes.label,
  prefixes.model,
  prefixes.secret,
  prefixes.webhook,
  prefixes.erased,
  ...['pointer', 'index', 'chains', 'sweep', 'swept'].map((kind) => `${prefixes.checkpoint}${kind}`),
];

/** Whether nothing may delete the item: of what stands under a merchant, its figures alone. */
export const isProtected = ({ pk, sk }: Key): boolean =>
  protectedPrefixes.some((prefix) => pk.startsWith(prefix)) && !(pk.startsWith(prefixes.merchant) && sk !== merchantFigures);

/** Who deletes items whose time is up, as a record of the stream names it. */
export const expiryPrincipal = 'dynamodb.amazonaws.com';

export const sequenceText = (sequence: number): string => String(sequence).padStart(12, '0');

/** STATE: one per (tenant, account, user). */
export const stateKey = (tenant: string, accountId: string, userId: string): Key => ({
  pk: `${prefixes.state}${tenant}#${accountId}`,
  sk: userId,
});

/** That a user has an account: one per account, so that a user is found without knowing any. */
export const userAccountKey = (tenant: string, userId: string, accountId: string): Key => ({
  pk: `${prefixes.user}${tenant}#${userId}`,
  sk: accountId,
});

/** DECISION: one per (tenant, transaction), for ever. */
export const decisionKey = (tenant: string, transactionId: string): Key => ({
  pk: `${prefixes.decision}${tenant}#${transactionId}`,
  sk: 'D',
});

/** Which chain an erased account had; its ids as keyed hashes. */
export const erasedChainKey = (tenant: string, accountDigest: string, userDigest: string): Key => ({
  pk: `${prefixes.erased}${tenant}#${accountDigest}`,
  sk: userDigest,
});

/** AUDIT: one per (chain, sequence); a tenant's system chain is called `system.<tenant>`. */
export const auditKey = (chain: string, sequence: number): Key => ({
  pk: `${prefixes.audit}${chain}`,
  sk: sequenceText(sequence),
});

/** No chain of an account is called so: theirs are 22 letters of base64url, which has no full stop. */
export const systemChainPrefix = 'system.';

export const systemChain = (tenant: string): string => `${systemChainPrefix}${tenant}`;

const merchantFigures = 'M';

/** Figures of one merchant: labelled and fraudulent transactions known so far. */
export const merchantKey = (tenant: string, merchantId: string): Key => ({
  pk: `${prefixes.merchant}${tenant}#${merchantId}`,
  sk: merchantFigures,
});

/** What the stream counted of one merchant's decisions; beside its figures, so that one query reads both. */
export const merchantTrafficKey = (tenant: string, merchantId: string): Key => ({
  pk: merchantKey(tenant, merchantId).pk,
  sk: 'T',
});

/** All that is counted on one entity; `digest` is a keyed hash of its id. */
const entityPartition = (tenant: string, kind: string, digest: string): string => `${prefixes.entity}${tenant}#${kind}#${digest}`;

/** Sorts by day; a day is counted in days since 1970. */
export const dayPlace = (day: number): string => String(day).padStart(6, '0');

/** Attempts on an entity on one UTC day. */
export const entityDayKey = (tenant: string, kind: string, digest: string, day: number): Key => ({
  pk: entityPartition(tenant, kind, digest),
  sk: dayPlace(day),
});

/** Payments on an entity that turned out to be fraud; sorts after every day. */
export const entityMarksKey = (tenant: string, kind: string, digest: string): Key => ({
  pk: entityPartition(tenant, kind, digest),
  sk: 'F',
});

/** That an account was on an entity on a UTC day of decisions; `account` is a keyed hash, too. */
export const entityLookupKey = (tenant: string, kind: string, digest: string, day: number, account: number): Key => ({
  pk: `${prefixes.lookup}${tenant}#${kind}#${digest}`,
  sk: `${dayPlace(day)}#${account}`,
});

/** Since when a tenant's attempts are counted, by kind. */
export const entityKindsKey = (tenant: string): Key => ({ pk: `${prefixes.entity}${tenant}`, sk: 'KINDS' });

/** LABEL: what a transaction turned out to be, one per (tenant, transaction). */
export const labelKey = (tenant: string, transactionId: string): Key => ({
  pk: `${prefixes.label}${tenant}#${transactionId}`,
  sk: 'L',
});

/** A tenant's reviews, open or closed, in the order of their opening; `place` from `reviewPlace`. */
export const reviewKey = (tenant: string, state: 'open' | 'closed', place: string): Key => ({
  pk: `${prefixes.review}${tenant}#${state}`,
  sk: place,
});

/** Where the open review of an account is; absent while it has none. */
export const openReviewKey = (tenant: string, accountId: string, userId: string): Key => ({
  pk: `${prefixes.review}${tenant}#account#${accountId}`,
  sk: userId,
});

/** Which review a transaction is in, for ever: what makes a redelivered decision join nothing twice. */
export const reviewMemberKey = (tenant: string, transactionId: string): Key => ({
  pk: `${prefixes.review}${tenant}#member#${transactionId}`,
  sk: 'R',
});

/** Where a review is, by its name; what tells it from reviews of 0.1, which have none. */
export const reviewIdKey = (tenant: string, reviewId: string): Key => ({
  pk: `${prefixes.review}${tenant}#id#${reviewId}`,
  sk: 'R',
});

/** Pointers at open reviews, those first that are to be looked at first. */
export const reviewQueueKey = (tenant: string, rank: string): Key => ({ pk: `${prefixes.review}${tenant}#queue`, sk: rank });

/** Pointers at the open reviews that somebody has claimed, by rank or in the order of their opening. */
export const claimedReviewKey = (tenant: string, assignee: string, order: 'rank' | 'place', sk: string): Key => ({
  pk: `${prefixes.review}${tenant}#claimed#${order}#${assignee}`,
  sk,
});

/** A tenant's webhook endpoints. */
export const webhookKey = (tenant: string, endpointId: string): Key => ({ pk: `${prefixes.webhook}${tenant}`, sk: endpointId });

/** What is remembered of a webhook endpoint that takes nothing; absent while it does. */
export const receiverKey = (tenant: string, endpointId: string): Key => ({ pk: `${prefixes.receiver}${tenant}`, sk: endpointId });

/** An API key, found by the hash of its secret. */
export const apiKeyKey = (tenant: string, secretHash: string): Key => ({ pk: `${prefixes.key}${tenant}`, sk: secretHash });

export const policyVersionKey = (tenant: string, version: number): Key => ({
  pk: `${prefixes.policy}${tenant}`,
  sk: `V#${sequenceText(version)}`,
});
/** That a policy of this hash was in force once. */
export const policyInForceKey = (tenant: string, hash: string): Key => ({ pk: `${prefixes.policy}${tenant}`, sk: `H#${hash}` });
export const policyPointerKey = (tenant: string): Key => ({ pk: `${prefixes.policy}${tenant}`, sk: 'CURRENT' });

export const listEntryKey = (tenant: string, list: string, entry: string): Key => ({
  pk: `${prefixes.list}${tenant}#${list}`,
  sk: entry,
});

/** How often each list of a tenant was changed, and how many entries it holds: what tells a cached copy that it is old. */
export const listVersionKey = (tenant: string): Key => ({ pk: `${prefixes.list}${tenant}`, sk: 'VERSIONS' });

export const modelVersionKey = (version: number): Key => ({ pk: `${prefixes.model}forest`, sk: `V#${sequenceText(version)}` });
export const modelPointerKey: Key = { pk: `${prefixes.model}forest`, sk: 'CURRENT' };

export const masterSecretKey = (version: number): Key => ({ pk: `${prefixes.secret}master`, sk: `V#${sequenceText(version)}` });

/** The last alert of a kind about something. */
export const alertKey = (tenant: string, kind: string, about: string): Key => ({
  pk: `${prefixes.alert}${tenant}#${kind}`,
  sk: `about#${about}`,
});

/** How many alerts of a kind a minute has had. */
export const alertRateKey = (tenant: string, kind: string, minute: number): Key => ({
  pk: `${prefixes.alert}${tenant}#${kind}`,
  sk: `minute#${minute}`,
});

/** What the sinks have done of a batch of the stream that comes again, by the id of its first record. */
export const progressKey = (recordId: string): Key => ({ pk: `${prefixes.progress}stream#${recordId}`, sk: 'P' });

/** Which sinks of the stream meet no records now. */
export const pausedSinksKey: Key = { pk: `${prefixes.progress}sinks`, sk: 'PAUSED' };

/** How far a rebuild of what is made from the table has come. */
export const rebuildKey = (name: string): Key => ({ pk: `${prefixes.progress}rebuild`, sk: name });

/** The attribute DynamoDB's TTL reads, epoch seconds. */
export const expiryAttribute = 'ttl';

/** Environment variables of the functions. */
export const env = {
  table: 'AEGIS_TABLE',
  queueUrl: 'AEGIS_QUEUE_URL',
  /** `true`: messages go onto a standard queue by the group of their tenant. */
  fairQueue: 'AEGIS_FAIR_QUEUE',
  deadLetterUrl: 'AEGIS_DEAD_LETTER_URL',
  /** Seconds: the longest pause before a payment that could not be decided is tried again. */
  pauseSecondsMax: 'AEGIS_PAUSE_SECONDS_MAX',
  /** Seconds: a message that is older and cannot be decided is set aside. */
  giveUpSeconds: 'AEGIS_GIVE_UP_SECONDS',
  modelBucket: 'AEGIS_MODEL_BUCKET',
  webhookQueueUrl: 'AEGIS_WEBHOOK_QUEUE_URL',
  webhookDeadLetterUrl: 'AEGIS_WEBHOOK_DEAD_LETTER_URL',
  /** Local stacks only: `true` lets webhooks go to this machine and over plain HTTP. */
  webhooksToLoopback: 'AEGIS_WEBHOOKS_TO_LOOPBACK',
  /** Days after which a webhook whose receiver takes nothing is disabled. */
  webhookDisableAfterDays: 'AEGIS_WEBHOOK_DISABLE_AFTER_DAYS',
  archiveBucket: 'AEGIS_ARCHIVE_BUCKET',
  /** Days after which the rows of archived audit entries leave the table; never when not set. */
  hotDays: 'AEGIS_HOT_DAYS',
  /** `false`: no notes are written by which entities are looked up. */
  entityLookup: 'AEGIS_ENTITY_LOOKUP',
  /** Where a stream record goes that can never be projected. */
  failuresUrl: 'AEGIS_FAILURES_URL',
  decisionTopic: 'AEGIS_DECISION_TOPIC',
  degradedTopic: 'AEGIS_DEGRADED_TOPIC',
  deadLetterTopic: 'AEGIS_DEAD_LETTER_TOPIC',
  modelTopic: 'AEGIS_MODEL_TOPIC',
  verifierTopic: 'AEGIS_VERIFIER_TOPIC',
  /** Hours. A model in force that was trained longer ago causes an alert. */
  modelAgeAlarmHours: 'AEGIS_MODEL_AGE_ALARM_HOURS',
  /** Minutes. An audit entry that waited longer for its checkpoint causes an alert. */
  checkpointLagAlarmMinutes: 'AEGIS_CHECKPOINT_LAG_ALARM_MINUTES',
  /** Where the console is, for links in alerts; without it they have none. */
  consoleUrl: 'AEGIS_CONSOLE_URL',
  /** Under object lock: signed checkpoints and nothing else. */
  checkpointBucket: 'AEGIS_CHECKPOINT_BUCKET',
  kmsKeyId: 'AEGIS_KMS_KEY_ID',
  /** Local stacks only: the master secret as base64, instead of KMS. */
  localSecret: 'AEGIS_LOCAL_SECRET',
  /** The asymmetric KMS key that signs checkpoints. */
  checkpointKeyId: 'AEGIS_CHECKPOINT_KEY_ID',
  /** Local stacks only: the private key that signs checkpoints, PKCS #8 in PEM, instead of KMS. */
  localCheckpointKey: 'AEGIS_LOCAL_CHECKPOINT_KEY',
  version: 'AEGIS_VERSION',
  /** The deployment's stage: the dimension of what its functions measure. */
  stage: 'AEGIS_STAGE',
  /** The least level of log lines: debug, info, warn (when not set), error, audit or silent. */
  logLevel: 'AEGIS_LOG_LEVEL',
  /** Of the reads that tell nothing of a person, the share that is logged, 0 to 1; all when not set. */
  readLogShare: 'AEGIS_READ_LOG_SHARE',
  /** An OIDC issuer whose tokens are taken beside keys, as JSON (`shared/edge/tokens.ts`); none when not set. */
  tokenIssuer: 'AEGIS_TOKEN_ISSUER',
  /** Approvals by others that a policy needs to come into force; none when not set. */
  policyApprovals: 'AEGIS_POLICY_APPROVALS',
  /** Calls a second of one key in one function instance. */
  keyCallsPerSecond: 'AEGIS_KEY_CALLS_PER_SECOND',
} as const;

/** The SDK's own variables that point a client at an emulator: the one of the service wins over the one for all. */
export const awsEndpoints = {
  all: 'AWS_ENDPOINT_URL',
  dynamodb: 'AWS_ENDPOINT_URL_DYNAMODB',
  sqs: 'AWS_ENDPOINT_URL_SQS',
  s3: 'AWS_ENDPOINT_URL_S3',
  sns: 'AWS_ENDPOINT_URL_SNS',
  kms: 'AWS_ENDPOINT_URL_KMS',
} as const;

/** SQS message attributes set by ingest. */
export const messageAttributes = { tenant: 'tenant', correlationId: 'correlationId', receivedAt: 'receivedAt' } as const;

/** The tenant of messages that name none. */
export const defaultTenant = 'dev';
