import type { QueueSourceModel } from './model.ts';
import { type QueueSourceOptions, startQueueSource } from './queueSource.ts';

export interface QueueSources {
  /** Takes nothing more from the queues until the function it resolves to is called. */
  hold(): Promise<() => void>;
  /** Lets the batches under way end; takes nothing more. */
  stop(): Promise<void>;
}

/** Starts the pollers of all queues, so that they can be held and started again together. */
export const startQueueSources = (
  models: readonly QueueSourceModel[],
  optionsOf: (model: QueueSourceModel) => QueueSourceOptions,
): QueueSources => {
  const start = () => models.map((model) => startQueueSource(optionsOf(model)));
  let running = start();
  let stopped = false;
  const stopRunning = async (): Promise<void> => {
    await Promise.all(running.splice(0).map((source) => source.stop()));
  };
  return {
    hold: async () => {
      await stopRunning();
      return () => {
        if (running.length === 0 && !stopped) running = start();
      };
    },
    stop: () => {
      stopped = true;
      return stopRunning();
    },
  };
};
