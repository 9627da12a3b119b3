/** List prices of one region in US dollars, on demand, without free tiers and discounts. A region is added here, with its date. */
export interface Prices {
  readonly region: string;
  /** When and where they were read. */
  readonly date: string;
  readonly source: string;
  readonly writeUnitsPerMillion: number;
  readonly readUnitsPerMillion: number;
  readonly apiCallsPerMillion: number;
  readonly queueCallsPerMillion: number;
  readonly functionCallsPerMillion: number;
  /** Of an arm function. */
  readonly functionGbSecond: number;
  readonly logsPerGb: number;
  readonly objectPutsPerMillion: number;
  readonly objectGetsPerMillion: number;
  readonly keyCallsPerMillion: number;
  readonly notificationsPerMillion: number;
}

export const prices: readonly Prices[] = [
  {
    region: 'us-east-1',
    date: '2026-11',
    source: 'the price pages of Amazon DynamoDB, API Gateway (REST), SQS, Lambda, CloudWatch, S3, KMS and SNS',
    writeUnitsPerMillion: 0.625,
    readUnitsPerMillion: 0.125,
    apiCallsPerMillion: 3.5,
    queueCallsPerMillion: 0.4,
    functionCallsPerMillion: 0.2,
    functionGbSecond: 0.0000133334,
    logsPerGb: 0.5,
    objectPutsPerMillion: 5,
    objectGetsPerMillion: 0.4,
    keyCallsPerMillion: 3,
    notificationsPerMillion: 0.5,
  },
  {
    region: 'ap-south-1',
    date: '2026-09',
    source:
      'the price list of DynamoDB, Lambda, CloudWatch, S3 and KMS for Mumbai; API Gateway (REST), SQS and SNS as in us-east-1',
    writeUnitsPerMillion: 0.71,
    readUnitsPerMillion: 0.1425,
    apiCallsPerMillion: 3.5,
    queueCallsPerMillion: 0.4,
    functionCallsPerMillion: 0.2,
    functionGbSecond: 0.0000133334,
    logsPerGb: 0.67,
    objectPutsPerMillion: 5,
    objectGetsPerMillion: 0.4,
    keyCallsPerMillion: 3,
    notificationsPerMillion: 0.5,
  },
];

/** What others charge for the same, as they publish it. */
export const published = [
  {
    name: 'Stripe Radar',
    perMillion: '50,000-70,000',
    basis: '$0.05-0.07 a screened payment',
    source: 'https://stripe.com/radar/pricing',
  },
  {
    name: 'Tazama (open source, own machines)',
    perMillion: '3-9',
    basis: '$1,000 a month at 45 payments a second to $10,000 at 1,116, busy all month; nothing is saved when idle',
    source: "Tazama's published benchmark",
  },
] as const;

/**
 * Milliseconds that a function in the region waits for one call, typical values; an assumption, not a measurement: the emulators'
 * own times say nothing about AWS. They enter the function's billed time only.
 */
export const typicalWaitMs: Readonly<Record<string, number>> = {
  GetItem: 3,
  BatchGetItem: 4,
  Query: 4,
  PutItem: 6,
  UpdateItem: 6,
  DeleteItem: 6,
  TransactWriteItems: 12,
  SendMessageBatch: 12,
  SendMessage: 12,
  PutObject: 30,
  GetObject: 25,
  Publish: 20,
  PublishBatch: 20,
  Sign: 10,
};
export const otherWaitMs = 10;
