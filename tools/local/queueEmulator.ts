import { Server } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { startFauxqs } from 'fauxqs';
import { emulatorRegion, loopback } from './emulatorConnection.ts';
import type { QueueEmulatorData, QueueEmulatorMessage } from './threadMessages.ts';

/** The inside of the thread that emulates SQS, SNS and S3: starts it, says so, and ends it in order when told to. */

const { port, dataDir } = workerData as QueueEmulatorData;
const tell = (message: QueueEmulatorMessage): void => parentPort!.postMessage(message);

// fauxqs listens on every interface and takes no other wish; this thread makes no other server.
const { listen } = Server.prototype;
Server.prototype.listen = function (this: Server, ...given: unknown[]): Server {
  const [options, ...rest] = given;
  const bound = typeof options === 'object' && options !== null ? [{ ...options, host: loopback }, ...rest] : given;
  return (listen as (...all: unknown[]) => Server).apply(this, bound);
} as typeof listen;

try {
  const server = await startFauxqs({
    port,
    logger: false,
    defaultRegion: emulatorRegion,
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  parentPort!.once('message', async () => {
    await server.stop();
    process.exit(0);
  });
  tell({ kind: 'listening' });
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  tell({ kind: 'failed', message, ...(code === undefined ? {} : { code }) });
}
