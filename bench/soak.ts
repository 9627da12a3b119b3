import { parseArgs } from 'node:util';
import { startLocalStack } from '../local/stack.ts';
import { decisionKey } from '../shared/aws/keys.ts';

/**
 * Many payments through the local stack in equal rounds: memory of the process that holds all functions, and that every payment was
 * decided and counted once. Exit 1 when one was lost or double, or memory grew by more than the limit between the first half and the last round.
 */
const help = `Usage: npm run bench -- soak [--payments N] [--rounds N] [--json]

  --payments N   in all (default 10000; the full dose is 200000)
  --rounds N     equal parts, memory is read after each (default 8)`;

const growthMax = 0.1;
const batchRows = 500;
const waitMsMax = 300_000;
const getManyMax = 100;

const { values } = parseArgs({
  options: { payments: { type: 'string' }, rounds: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const rounds = Number(values.rounds ?? 8);
const perRound = Math.ceil(Number(values.payments ?? 10_000) / rounds);

const failures: string[] = [];
const stack = await startLocalStack({ onFailure: (text) => failures.push(text) });
const authorization = `Bearer ${stack.key}`;
try {
  const memoryMb: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const ids = Array.from({ length: perRound }, (_, i) => `soak-${round}-${i}`);
    for (let from = 0; from < perRound; from += batchRows) {
      const transactions = ids.slice(from, from + batchRows).map((transactionId, i) => ({
        transactionId,
        userId: 'u1',
        accountId: `soak-${(from + i) % 1_000}`,
        occurredAt: new Date().toISOString(),
        amountMinor: 50_000 + i,
        currency: 'INR',
      }));
      const answer = await fetch(`${stack.url}/transactions/batch`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ transactions }),
      });
      if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
    }
    await allDecided(ids);
    await stack.projected();
    memoryMb.push(Math.round(process.memoryUsage.rss() / 1_048_576));
    console.error(`round ${round + 1} of ${rounds}: ${memoryMb.at(-1)} MB`);
  }
  const answer = await fetch(`${stack.url}/metrics/overview?minutes=1440`, { headers: { authorization } });
  const { totals } = (await answer.json()) as { readonly totals: Readonly<Record<string, number>> };
  const counted = Object.values(totals).reduce((sum, count) => sum + count, 0);
  const sent = perRound * rounds;
  const before = Math.max(...memoryMb.slice(0, Math.ceil(rounds / 2)));
  const growth = memoryMb.at(-1)! / before - 1;
  const result = { sent, counted, memoryMb, growth: Number(growth.toFixed(3)), failures: failures.length };
  if (values.json) console.log(JSON.stringify(result));
  else
    console.log(
      `${sent} sent, ${counted} counted, memory ${memoryMb.join(' ')} MB, growth ${(growth * 100).toFixed(1)} %, ${failures.length} failures`,
    );
  if (counted !== sent || growth > growthMax) process.exitCode = 1;
} finally {
  await stack.stop();
}

async function allDecided(ids: readonly string[]): Promise<void> {
  const startedMs = performance.now();
  let open = ids;
  while (open.length > 0) {
    if (performance.now() - startedMs > waitMsMax) throw new Error(`${open.length} payments are lost, ${open[0]} among them`);
    const some = open.slice(0, getManyMax);
    const found = await stack.table.getMany(
      some.map((id) => decisionKey('dev', id)),
      { consistent: true },
    );
    const still = some.filter((_, i) => found[i] === null);
    if (still.length === some.length) await new Promise((resume) => setTimeout(resume, 50));
    open = [...open.slice(some.length), ...still];
  }
}
