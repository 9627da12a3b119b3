import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

// What `cold.ts` starts: loads one bundle, hands it one event and says when each was done, in milliseconds since the process began.
const [bundle, eventFile] = process.argv.slice(2);
const event = JSON.parse(readFileSync(eventFile, 'utf8'));
const beganMs = performance.now();
const { handler } = await import(pathToFileURL(bundle).href);
const loadedMs = performance.now();
const context = { awsRequestId: 'cold', functionName: 'cold', getRemainingTimeInMillis: () => 20_000 };
const answer = await handler(event, context);
const answeredMs = performance.now();
const { user, system } = process.cpuUsage();
process.stdout.write(`\n${JSON.stringify({ loadMs: loadedMs - beganMs, answeredMs, cpuMs: (user + system) / 1000, answer })}\n`);
process.exit(0);
