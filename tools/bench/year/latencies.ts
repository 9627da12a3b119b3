/** How long a call takes on AWS: a fixed part, and the transfer of its bytes. */
export interface Latency {
  readonly callMs: number;
  readonly bytesPerMs: number;
  readonly source: string;
}

const s3 = 'https://docs.aws.amazon.com/whitepapers/latest/s3-optimizing-performance-best-practices/';
const table = 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/';
const blog = 'https://aws.amazon.com/blogs/database/understanding-amazon-dynamodb-latency/';

/** 85 MB a second of one connection. */
const s3BytesPerMs = 85_000;
/** No figure is published: an assumption, that 1 MB, the most of one page, takes 25 ms. */
const tableBytesPerMs = 40_000;

/**
 * What each kind of call takes, and where that stands. AWS publishes ranges, not promises: "single-digit millisecond" is taken as 5, "tens of
 * milliseconds" for small objects as 30. Where nothing is published, the source says "assumed".
 */
export const latencies = {
  'table get': { callMs: 5, bytesPerMs: tableBytesPerMs, source: `single-digit milliseconds: ${blog}` },
  'table getMany': { callMs: 10, bytesPerMs: tableBytesPerMs, source: `the slowest of up to 100 reads, assumed: ${blog}` },
  'table query': {
    callMs: 5,
    bytesPerMs: tableBytesPerMs,
    source: `single-digit milliseconds and the page's size: ${table}TroubleshootingLatency.html`,
  },
  'table put': { callMs: 5, bytesPerMs: tableBytesPerMs, source: `single-digit milliseconds: ${blog}` },
  'table update': { callMs: 5, bytesPerMs: tableBytesPerMs, source: `single-digit milliseconds: ${blog}` },
  'table delete': { callMs: 5, bytesPerMs: tableBytesPerMs, source: `single-digit milliseconds: ${blog}` },
  'table transact': {
    callMs: 15,
    bytesPerMs: tableBytesPerMs,
    source: 'a read of the items, then two rounds of writes: https://www.usenix.org/conference/atc23/presentation/idziorek',
  },
  'table scan': {
    callMs: 5,
    bytesPerMs: tableBytesPerMs,
    source: `single-digit milliseconds and the page's size: ${table}TroubleshootingLatency.html`,
  },
  'object get': {
    callMs: 30,
    bytesPerMs: s3BytesPerMs,
    source: `tens of milliseconds for small objects, 85-90 MB/s a connection: ${s3}`,
  },
  'object put': { callMs: 30, bytesPerMs: s3BytesPerMs, source: `tens of milliseconds for small objects: ${s3}` },
  'object list': { callMs: 100, bytesPerMs: s3BytesPerMs, source: `assumed: 100 ms for a page of 1,000 keys` },
  'object delete': { callMs: 30, bytesPerMs: s3BytesPerMs, source: 'assumed: as a put' },
  'kms sign': { callMs: 20, bytesPerMs: s3BytesPerMs, source: 'assumed: no figure is published' },
} as const satisfies Readonly<Record<string, Latency>>;

export type CallKind = keyof typeof latencies;

/** Milliseconds of one call that moves so many bytes. */
export const callMs = (kind: CallKind, bytes: number): number => latencies[kind].callMs + bytes / latencies[kind].bytesPerMs;

/** A function gets a whole processor with this much memory: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
export const wholeProcessorMb = 1_769;
