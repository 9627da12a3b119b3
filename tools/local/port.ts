import { type AddressInfo, createServer, type Server } from 'node:net';
import { loopback } from './emulatorConnection.ts';
import { LocalProblem } from './problem.ts';

/** Resolves once the server listens. Throws LocalProblem when the port is taken. */
export const listening = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE' ? `port ${port} is taken` : `port ${port} cannot be used (${error.code})`;
      reject(new LocalProblem(`${taken}: choose another with --port, 0 for any free one`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });

/** The port if nobody listens on it; for 0 a free one. Throws LocalProblem when it is taken. */
export const freePort = async (port = 0, host: string = loopback): Promise<number> => {
  const server = createServer();
  await listening(server, port, host);
  const { port: free } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return free;
};
