import assert from 'node:assert/strict';
import { GetAliasCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { aegis, api, signedIn } from './deployed.ts';

/** After an upgrade: one command puts its functions back within a minute, payments are decided by them, and another puts them forward again. */
const minuteMs = 60_000;
const lambda = new LambdaClient({});
const { key } = await signedIn();

const live = async (): Promise<Readonly<Record<string, number>>> => {
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  const names = Functions.map(({ FunctionName }) => FunctionName!).filter((name) => name.startsWith('aegis-local-core-'));
  return Object.fromEntries(
    await Promise.all(
      names.map(async (FunctionName) => {
        const { FunctionVersion } = await lambda.send(new GetAliasCommand({ FunctionName, Name: 'live' }));
        return [FunctionName, Number(FunctionVersion)] as const;
      }),
    ),
  );
};

const decides = async (transactionId: string): Promise<void> => {
  const answer = await fetch(`${api}/decisions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      transactionId,
      userId: 'u_rollback',
      accountId: 'a_rollback',
      occurredAt: new Date().toISOString(),
      amountMinor: 100,
      currency: 'INR',
    }),
  });
  assert.equal(answer.status, 200, await answer.text());
};

const upgraded = await live();
const startedMs = performance.now();
const said = await aegis('rollback', '--stage', 'local');
const tookMs = performance.now() - startedMs;
const before = await live();
const moved = Object.keys(upgraded).filter((name) => before[name] !== upgraded[name]);
assert.ok(moved.length > 0, `no function was moved: ${said}`);
for (const name of moved) assert.ok(before[name]! < upgraded[name]!, `${name} moved from ${upgraded[name]} to ${before[name]}`);
assert.ok(tookMs < minuteMs, `the rollback took ${tookMs} ms`);
await decides('rolled-back');
console.log(
  `  ok  ${moved.length} functions are back at their versions before the upgrade, within ${(tookMs / 1000).toFixed(1)} s`,
);

await aegis('rollback', '--stage', 'local', '--newest');
assert.deepEqual(await live(), upgraded);
await decides('put-forward');
console.log('  ok  every function has its newest version again');
