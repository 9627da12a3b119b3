import type { TokenIssuer } from '../shared/edge/tokens.ts';
import { faultsTogether } from './settingsTogether.ts';
import { isExistingKeys, isReservedConcurrency, isRestoredTable, isTokenIssuer } from './settingValues.ts';

/** ARNs of existing KMS keys. Their policies must allow this account's roles and, for `data`, CloudWatch, its logs and EventBridge. */
export interface ExistingKeys {
  /** Encrypts at rest. */
  readonly data: string;
  /** Wraps the master secret of sealed personal data. */
  readonly master: string;
  /** Signs checkpoints. Needs the key spec ECC_NIST_P256. */
  readonly signing: string;
}

export interface RestoredTable {
  readonly arn: string;
  /** Its stream, with new and old images. */
  readonly streamArn: string;
}

/** The settings of a deployment. Each has a default, so that a deployment needs none. */
export interface Settings {
  /** Part of the stacks' names: one account can hold several deployments. */
  readonly stage: string;
  /** Default: the region of the credentials in use. */
  readonly region?: string;
  /** FIFO keeps the messages of an account in order and lowers throughput. It cannot be changed on a deployed stack. */
  readonly queueKind: 'standard' | 'fifo';
  /** A transaction that cannot be decided is tried again for nine tenths of this (`infra/queueLife.ts`). */
  readonly messageRetentionDays: number;
  readonly deadLetterRetentionDays: number;
  readonly scoreBatchSize: number;
  readonly scoreMaxConcurrency: number;
  /** Instances that only this function may use, and that it may not exceed, by stage: ingest, score, decide, read. Default: none. */
  readonly reservedConcurrency: Readonly<Record<string, number>>;
  /** What the account allows all its functions together: AWS Service Quotas, `Concurrent executions`. A new account may have 10. */
  readonly lambdaQuota: number;
  /** No tenant's payments wait behind the backlog of another. On a standard queue; FIFO keeps the order of accounts instead. */
  readonly fairQueue: boolean;
  readonly scoreTimeoutSeconds: number;
  /** Instances of the synchronous route's function that are kept warm. With 0 it starts when it is called. */
  readonly decideProvisionedConcurrency: number;
  readonly projectBatchSize: number;
  /** A change of the table that waits longer to be projected raises the alarm. The stream keeps it for 24 hours. */
  readonly streamAgeAlarmSeconds: number;
  /** More batches of the stream with a failed sink within five minutes raise the alarm. */
  readonly partialFailuresAlarm: number;
  /** More payments within five minutes that were tried and went back to the queue raise the alarm. */
  readonly unsettledAlarm: number;
  /** A webhook whose receiver takes nothing for so long is disabled, which raises an alarm. */
  readonly webhookDisableAfterDays: number;
  readonly apiRatePerSecond: number;
  readonly apiBurst: number;
  /** Of each route that needs no key, at once twice as many. */
  readonly openRatePerSecond: number;
  /** Where the web ACL before the API is: with the functions, in the operations stack, or nowhere. AWS alone takes one. */
  readonly firewall: 'core' | 'operations' | 'none';
  /** Requests of one address within five minutes; the firewall answers 403 to more. */
  readonly addressCallsPer5Minutes: number;
  /** Those among them that bring no key. */
  readonly keylessCallsPer5Minutes: number;
  readonly compactEveryMinutes: number;
  /** A closed day of the archive that waits longer for its compaction raises the alarm. */
  readonly compactionLagAlarmHours: number;
  readonly trainEveryMinutes: number;
  /** The alarm rings when the model in force is older. */
  readonly modelAgeAlarmHours: number;
  readonly checkpointEveryMinutes: number;
  /** The alarm rings when an audit entry waits longer for its checkpoint. */
  readonly checkpointLagAlarmMinutes: number;
  /** How long a checkpoint is locked, in compliance mode: nobody can shorten it for a checkpoint that is written. */
  readonly checkpointLockDays: number;
  readonly logRetentionDays: number;
  /** Of the logs that hold the lines of requests: who asked for or changed what. */
  readonly auditLogRetentionDays: number;
  /** Of the reads that tell nothing of a person, the share that is logged. All other requests always are. */
  readonly readLogShare: number;
  /** The gateway logs every request by its route and status. AWS alone takes it; it sets the role of the account by which the gateway logs. */
  readonly gatewayLog: boolean;
  /** With a higher number the next deployment creates a new key for checkpoints and keeps the old one, which verifies what it signed. */
  readonly signingKeyVersion: number;
  /** Rows of archived audit entries leave the table after this many days. Default: never. */
  readonly hotDays?: number;
  /** Notes are kept by which the decisions and accounts of a device, an address, a payee or an instrument are found. */
  readonly entityLookup: boolean;
  /** How long old versions of overwritten or deleted objects are kept. */
  readonly oldVersionDays: number;
  /** The alarm rings when the oldest waiting message is older. */
  readonly queueAgeAlarmSeconds: number;
  /** A higher forecast is mailed to `alertEmails`. */
  readonly monthlyBudgetUsd: number;
  /** Every address is subscribed to every alert topic and must confirm that. */
  readonly alertEmails: readonly string[];
  /** Telephone numbers (`+` and digits) that receive every alert as a text message. */
  readonly alertPhones: readonly string[];
  /** The address of the console for links in alerts. Default: under the API's own address. */
  readonly consoleUrl?: string;
  /** `stack` creates the keys, which outlive the stack. Otherwise the ARNs of keys that the account already has. */
  readonly keyProvider: 'stack' | ExistingKeys;
  /** A table restored from a backup replaces the stack's own. Default: the stack's own table. */
  readonly restoredTable?: RestoredTable;
  /** How traffic moves to a new version of a function. An alarm rolls a gradual shift back. Only AWS shifts gradually. */
  readonly shift: 'atOnce' | 'tenthFor5Minutes' | 'tenthAMinute';
  /** Also grants `sqs:SendMessageBatch`. AWS has no such action: `sqs:SendMessage` covers batches. MiniStack requires it. */
  readonly grantsBatchSend: boolean;
  /** An OIDC issuer whose tokens the API accepts as well as keys. Default: keys only. */
  readonly tokenIssuer?: TokenIssuer;
  /** Calls per second of one key in one function instance, with bursts of twice as many. Default: the functions' own limit. */
  readonly keyCallsPerSecond?: number;
  /** Approvals by others that a policy needs to come into force. */
  readonly policyApprovals: number;
}

const defaults: Omit<Settings, 'stage'> = {
  queueKind: 'standard',
  messageRetentionDays: 4,
  deadLetterRetentionDays: 14,
  scoreBatchSize: 10,
  scoreMaxConcurrency: 50,
  reservedConcurrency: {},
  lambdaQuota: 1000,
  fairQueue: true,
  scoreTimeoutSeconds: 20,
  decideProvisionedConcurrency: 0,
  projectBatchSize: 1000,
  streamAgeAlarmSeconds: 900,
  partialFailuresAlarm: 3,
  unsettledAlarm: 20,
  webhookDisableAfterDays: 5,
  apiRatePerSecond: 1000,
  apiBurst: 2000,
  openRatePerSecond: 100,
  firewall: 'operations',
  addressCallsPer5Minutes: 100_000,
  keylessCallsPer5Minutes: 3_000,
  compactEveryMinutes: 60,
  compactionLagAlarmHours: 48,
  trainEveryMinutes: 1440,
  modelAgeAlarmHours: 96,
  checkpointEveryMinutes: 5,
  checkpointLagAlarmMinutes: 30,
  checkpointLockDays: 2557,
  signingKeyVersion: 1,
  logRetentionDays: 30,
  auditLogRetentionDays: 365,
  readLogShare: 0.01,
  entityLookup: true,
  gatewayLog: true,
  oldVersionDays: 90,
  queueAgeAlarmSeconds: 60,
  monthlyBudgetUsd: 200,
  alertEmails: [],
  alertPhones: [],
  keyProvider: 'stack',
  shift: 'atOnce',
  grantsBatchSend: false,
  policyApprovals: 0,
};

/** The settings that each stage changes. `cdk deploy -c stage=NAME` selects one. */
export const stages: Readonly<Record<string, Partial<Omit<Settings, 'stage'>>>> = {
  prod: {},
  dev: { logRetentionDays: 7, auditLogRetentionDays: 7, scoreMaxConcurrency: 10, checkpointLockDays: 1 },
  /** For LocalStack and MiniStack: small enough for a laptop, fast enough for a test. */
  local: {
    logRetentionDays: 1,
    auditLogRetentionDays: 1,
    readLogShare: 1,
    gatewayLog: false,
    fairQueue: false,
    firewall: 'none',
    scoreMaxConcurrency: 2,
    scoreTimeoutSeconds: 10,
    messageRetentionDays: 1,
    trainEveryMinutes: 60,
    checkpointEveryMinutes: 1,
    checkpointLockDays: 1,
    grantsBatchSend: true,
  },
};

export const defaultStage = 'prod';

/** Names every fault of the settings at once, each with what was given and what is allowed. */
export class SettingsRefused extends Error {
  override readonly name = 'SettingsRefused';
  readonly faults: readonly string[];
  constructor(faults: readonly string[], options?: ErrorOptions) {
    super(`settings refused:\n${faults.map((fault) => `  ${fault}`).join('\n')}`, options);
    this.faults = faults;
  }
}

interface Rule {
  readonly name: keyof Settings;
  readonly allowed: string;
  readonly holds: (value: unknown) => boolean;
}

const logRetentions = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

const integer = (name: keyof Settings, from: number, to: number): Rule => ({
  name,
  allowed: `a whole number from ${from} to ${to}`,
  holds: (value) => Number.isInteger(value) && (value as number) >= from && (value as number) <= to,
});

const text = (name: keyof Settings, pattern: RegExp, allowed: string): Rule => ({
  name,
  allowed,
  holds: (value) => typeof value === 'string' && pattern.test(value),
});

const rules: readonly Rule[] = [
  text('stage', /^[a-z][a-z0-9-]{0,19}$/, '1-20 of a-z 0-9 -, beginning with a letter'),
  {
    name: 'region',
    allowed: 'a region such as ap-south-1, or nothing',
    holds: (value) => value === undefined || (typeof value === 'string' && /^[a-z]{2}(-[a-z]+)+-\d$/.test(value)),
  },
  { name: 'queueKind', allowed: 'standard or fifo', holds: (value) => value === 'standard' || value === 'fifo' },
  integer('messageRetentionDays', 1, 14),
  integer('deadLetterRetentionDays', 1, 14),
  integer('scoreBatchSize', 1, 10),
  integer('scoreMaxConcurrency', 2, 1000),
  integer('scoreTimeoutSeconds', 3, 900),
  {
    name: 'reservedConcurrency',
    allowed: 'whole numbers from 1 to 10000 for some of ingest, score, decide, read',
    holds: isReservedConcurrency,
  },
  integer('lambdaQuota', 1, 1_000_000),
  { name: 'fairQueue', allowed: 'true or false', holds: (value) => typeof value === 'boolean' },
  integer('decideProvisionedConcurrency', 0, 1000),
  integer('projectBatchSize', 1, 1000),
  integer('streamAgeAlarmSeconds', 60, 82_800),
  integer('partialFailuresAlarm', 0, 1000),
  integer('unsettledAlarm', 0, 1_000_000),
  integer('webhookDisableAfterDays', 1, 30),
  integer('apiRatePerSecond', 1, 10_000),
  integer('apiBurst', 1, 5000),
  integer('openRatePerSecond', 1, 10_000),
  text('firewall', /^(core|operations|none)$/, 'core, operations or none'),
  integer('addressCallsPer5Minutes', 10, 2_000_000_000),
  integer('keylessCallsPer5Minutes', 10, 2_000_000_000),
  integer('compactEveryMinutes', 15, 720),
  integer('compactionLagAlarmHours', 2, 720),
  integer('trainEveryMinutes', 1, 10_080),
  integer('modelAgeAlarmHours', 2, 8760),
  integer('checkpointEveryMinutes', 1, 60),
  integer('checkpointLagAlarmMinutes', 1, 1440),
  integer('checkpointLockDays', 1, 36_500),
  ...(['logRetentionDays', 'auditLogRetentionDays'] as const).map((name) => ({
    name,
    allowed: `one of ${logRetentions.join(', ')}`,
    holds: (value: unknown) => logRetentions.includes(value as number),
  })),
  {
    name: 'readLogShare',
    allowed: 'a number from 0 to 1',
    holds: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  },
  { name: 'entityLookup', allowed: 'true or false', holds: (value) => typeof value === 'boolean' },
  { name: 'gatewayLog', allowed: 'true or false', holds: (value) => typeof value === 'boolean' },
  integer('signingKeyVersion', 1, 1000),
  {
    name: 'hotDays',
    allowed: 'a whole number from 1 to 36500, or nothing',
    holds: (value) => value === undefined || (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 36_500),
  },
  integer('oldVersionDays', 1, 3650),
  integer('queueAgeAlarmSeconds', 10, 86_400),
  integer('monthlyBudgetUsd', 1, 1_000_000),
  {
    name: 'alertEmails',
    allowed: 'a list of e-mail addresses',
    holds: (value) =>
      Array.isArray(value) && value.every((entry) => typeof entry === 'string' && /^[^@\s]+@[^@\s]+$/.test(entry)),
  },
  {
    name: 'alertPhones',
    allowed: 'a list of telephone numbers such as +919800000000',
    holds: (value) =>
      Array.isArray(value) && value.every((entry) => typeof entry === 'string' && /^\+[1-9]\d{6,14}$/.test(entry)),
  },
  {
    name: 'consoleUrl',
    allowed: 'an https address without a slash at its end, or nothing',
    holds: (value) => value === undefined || (typeof value === 'string' && /^https:\/\/[^\s?#]+[^\s?#/]$/.test(value)),
  },
  {
    name: 'keyProvider',
    allowed: 'stack, or the ARNs of the KMS keys data, master and signing',
    holds: (value) => value === 'stack' || isExistingKeys(value),
  },
  {
    name: 'restoredTable',
    allowed: 'the arn of a table and the streamArn of its stream, or nothing',
    holds: (value) => value === undefined || isRestoredTable(value),
  },
  {
    name: 'shift',
    allowed: 'atOnce, tenthFor5Minutes or tenthAMinute',
    holds: (value) => ['atOnce', 'tenthFor5Minutes', 'tenthAMinute'].includes(value as string),
  },
  {
    name: 'tokenIssuer',
    allowed:
      'issuer, audience, a jwksUri over https (over http on this machine) and scopes (words of the claim to lists of scopes), or nothing',
    holds: (value) => value === undefined || isTokenIssuer(value),
  },
  {
    name: 'keyCallsPerSecond',
    allowed: 'a whole number from 1 to 10000, or nothing',
    holds: (value) => value === undefined || (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 10_000),
  },
  integer('policyApprovals', 0, 10),
  { name: 'grantsBatchSend', allowed: 'true or false', holds: (value) => typeof value === 'boolean' },
];

/**
 * Returns all settings of a stage, checked.
 * @throws SettingsRefused naming every fault: unknown stage, unknown name, value out of range.
 */
export const settingsOf = (stage: string, overrides: Partial<Settings> = {}): Settings => {
  const known = stages[stage];
  if (known === undefined) {
    throw new SettingsRefused([`stage: given ${JSON.stringify(stage)}, allowed: ${Object.keys(stages).join(', ')}`]);
  }
  return checked({ ...defaults, ...known, ...overrides, stage });
};

const checked = (settings: Settings): Settings => {
  const given: Readonly<Record<string, unknown>> = { ...settings };
  const names = rules.map((rule) => rule.name as string);
  const faults = [
    ...Object.keys(given)
      .filter((name) => !names.includes(name))
      .map((name) => `${name}: no such setting`),
    ...rules
      .filter((rule) => !rule.holds(given[rule.name]))
      .map((rule) => `${rule.name}: given ${JSON.stringify(given[rule.name])}, allowed: ${rule.allowed}`),
    ...faultsTogether(settings),
  ];
  if (faults.length > 0) throw new SettingsRefused(faults);
  return settings;
};
