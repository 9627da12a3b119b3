import { type Prices, published } from '../../infra/prices.ts';
import type { Bill } from '../cost/bill.ts';
import type { Route } from './costLoad.ts';

const titles: Readonly<Record<Route, string>> = {
  batch: 'POST /transactions/batch, 500 per call',
  single: 'POST /transactions, one per call',
  queue: 'directly onto the queue, 10 per send',
  sync: 'POST /decisions, one per call',
};

/** US dollars per million decisions that a route may cost at most. */
export const limitsUsd: Partial<Record<Route, number>> = { batch: 6.5, single: 9, sync: 9 };

export interface RouteBill {
  readonly route: Route;
  /** Messages per batch of the queue, on average. */
  readonly batchSize: number;
  readonly bill: Bill;
}

/** Prints one bill: its total and its lines. */
export function printBill(title: string, { totalUsd, lines }: Bill): void {
  console.log(`\n${title}: $${totalUsd.toFixed(2)}`);
  for (const { name, perMillionUsd, quantity } of lines)
    if (perMillionUsd > 0) console.log(`  ${name.padEnd(36)} ${perMillionUsd.toFixed(2).padStart(8)}   ${quantity} per decision`);
}

/** Prints all bills of a metered load, beside a naive design's and what others publish. */
export function printBills(table: Prices, decisions: number, bills: readonly RouteBill[], naive: Bill): void {
  console.log(
    `US dollars per million decisions, ${table.region}, list prices of ${table.date} (${table.source}); metered over ${decisions} decisions per route, waiting times assumed (infra/prices.ts)`,
  );
  for (const { route, batchSize, bill } of bills)
    printBill(
      `${titles[route]}${route === 'sync' ? '' : ` (${batchSize.toFixed(1)} messages per queue batch)`}${limitsUsd[route] === undefined ? '' : `, at most $${limitsUsd[route].toFixed(2)}`}`,
      bill,
    );
  printBill('A naive design, measured on the same emulator', naive);
  console.log('\nPublished by others');
  for (const { name, perMillion, basis, source } of published) console.log(`  ${name}: $${perMillion} (${basis}; ${source})`);
  console.log(
    '\nNot included: storage and its recovery, alarms, dashboard and firewall (billed by the month), polling of an empty queue, key use by the services themselves.',
  );
}
