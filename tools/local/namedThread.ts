import { Worker } from 'node:worker_threads';

/** A thread that a list of threads shows by its name, under an environment of its own; `onOutput` is given what it writes. */
export const startNamedThread = (
  file: URL,
  name: string,
  workerData: object,
  environment: Readonly<Record<string, string | undefined>>,
  onOutput: (text: string) => void,
): Worker => {
  const worker = new Worker(file, { workerData, name, env: { ...environment }, stdout: true, stderr: true, execArgv: [] });
  for (const output of [worker.stdout, worker.stderr]) output.setEncoding('utf8').on('data', onOutput);
  return worker;
};
