import type { Write } from '../../shared/ports/ports.ts';
import type { ApiModel, FunctionModel, TableSourceModel } from './model.ts';

/** What the threads of the local stack are started with and say to each other. */

/** A write that was committed; an unknown one may have been, and the table tells. */
export type ToldWrite = Write & { readonly isUnknown?: true };

/** `ToldWrite`s of an instance, by `v8.serialize`: a thread that passes them on does not have to read them. */
export type Committed = Uint8Array<ArrayBuffer>;

/** Main thread to instance. */
export interface Invocation {
  readonly id: string;
  /** JSON, as Lambda hands it over. */
  readonly event: string;
  readonly deadlineMs: number;
}

/** Instance to main thread. */
export type InstanceMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'committed'; readonly committed: Committed }
  | { readonly kind: 'returned'; readonly id: string; readonly result: string | undefined; readonly committed: Committed | null }
  | { readonly kind: 'threw'; readonly id: string; readonly message: string };

export interface InstanceData {
  readonly handler: string;
  readonly functionName: string;
  readonly isBackground: boolean;
}

export interface LoadableFunction {
  readonly model: FunctionModel;
  /** File URL of the handler's module. */
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface ApiData {
  readonly api: ApiModel;
  readonly port: number;
  readonly host: string;
  /** Those that the API calls. */
  readonly functions: readonly LoadableFunction[];
  /** The one of them that runs in the gateway's own thread. */
  readonly nearest: LoadableFunction | null;
}

export type ApiCall = 'listen' | 'tellCommitted' | 'heapBytes' | 'stop';

export interface TableStreamData {
  readonly sources: readonly TableSourceModel[];
  /** Those that the sources call. */
  readonly functions: readonly LoadableFunction[];
  readonly tableName: string;
  readonly endpoints: { readonly dynamodb: string; readonly sqsAndS3: string };
}

export type TableStreamCall = 'deliverAll' | 'drained' | 'heapBytes' | 'stop';

export interface QueueEmulatorData {
  readonly port: number;
  readonly dataDir?: string;
}

/** The emulator's thread to this one; any message to it asks it to end. */
export type QueueEmulatorMessage =
  | { readonly kind: 'listening' }
  | { readonly kind: 'failed'; readonly message: string; readonly code?: string };
