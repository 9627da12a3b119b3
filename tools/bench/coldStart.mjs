import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

// What `cold.ts` starts: loads one bundle, hands it one event and says what the load took of the processor and when the answer was there.
const [bundle, eventFile] = process.argv.slice(2);
const event = JSON.parse(readFileSync(eventFile, 'utf8'));
const before = process.cpuUsage();
const { handler } = await import(pathToFileURL(bundle).href);
const load = process.cpuUsage(before);
const context = { awsRequestId: 'cold', functionName: 'cold', getRemainingTimeInMillis: () => 20_000 };
const answer = await handler(event, context);
const answeredMs = performance.now();
const { user, system } = process.cpuUsage();
const cpuMs = (user + system) / 1000;
process.stdout.write(`\n${JSON.stringify({ loadCpuMs: (load.user + load.system) / 1000, answeredMs, cpuMs, answer })}\n`);
process.exit(0);
