import { type Prices, published } from '../../infra/prices.ts';
import type { Bill } from '../cost/bill.ts';
import type { LoadKind, Route } from './costLoad.ts';

const titles: Readonly<Record<Route, string>> = {
  batch: 'POST /transactions/batch, 500 per call',
  single: 'POST /transactions, one per call',
  queue: 'directly onto the queue, 10 per send',
  sync: 'POST /decisions, one per call',
};

const columns: Readonly<Record<LoadKind, string>> = {
  '0': '0 entities',
  '1': '1 entity',
  '4': '4 entities',
  untracked: 'untracked device',
};

/** US dollars per million decisions that a route may cost at most where no entity is counted. */
const limitsUsd: Partial<Record<Route, number>> = { batch: 6.5, single: 9, sync: 9 };

/** Returns what a million decisions may cost at most; undefined where nothing is said. */
export const limitOf = (route: Route, load: LoadKind): number | undefined =>
  load === '0' || load === 'untracked' ? limitsUsd[route] : undefined;

export interface RouteBill {
  readonly route: Route;
  readonly load: LoadKind;
  /** Messages per batch of the queue, on average. */
  readonly batchSize: number;
  readonly bill: Bill;
}

const nameWidth = 36;
const cellWidth = 26;

/** Prints one bill: its total and its lines. */
export function printBill(title: string, { totalUsd, lines }: Bill): void {
  console.log(`\n${title}: $${totalUsd.toFixed(2)}`);
  for (const { name, perMillionUsd, quantity } of lines)
    if (perMillionUsd > 0)
      console.log(`  ${name.padEnd(nameWidth)} ${perMillionUsd.toFixed(2).padStart(8)}   ${quantity} per decision`);
}

/** Prints the bills of one route side by side. */
function printRoute(route: Route, bills: readonly RouteBill[]): void {
  const limit = limitsUsd[route];
  console.log(`\n${titles[route]}${limit === undefined ? '' : `, at most $${limit.toFixed(2)} where no entity is counted`}`);
  const row = (name: string, cells: readonly string[]): void =>
    console.log(`  ${name.padEnd(nameWidth)}${cells.map((cell) => cell.padEnd(cellWidth)).join('')}`.trimEnd());
  row(
    '',
    bills.map(({ load }) => columns[load]),
  );
  row(
    'all',
    bills.map(({ bill }) => `$${bill.totalUsd.toFixed(2)}`),
  );
  if (route !== 'sync')
    row(
      'messages per queue batch',
      bills.map(({ batchSize }) => batchSize.toFixed(1)),
    );
  const lineOf = ({ lines }: Bill, name: string) => lines.find((line) => line.name === name && line.perMillionUsd > 0);
  for (const name of new Set(bills.flatMap(({ bill }) => bill.lines.map((line) => line.name)))) {
    const found = bills.map(({ bill }) => lineOf(bill, name));
    if (found.some((line) => line !== undefined))
      row(
        name,
        found.map((line) => (line === undefined ? '-' : `${line.perMillionUsd.toFixed(2)}  ${line.quantity}`)),
      );
  }
}

/** Prints all bills of a metered load, beside a naive design's and what others publish. */
export function printBills(table: Prices, decisions: number, bills: readonly RouteBill[], naive: Bill): void {
  console.log(
    `US dollars per million decisions and quantities per decision, ${table.region}, list prices of ${table.date} (${table.source}); metered over ${decisions} decisions per route, waiting times assumed (infra/prices.ts)`,
  );
  console.log(
    'entities: device, address, payee and instrument, of each account its own; an untracked device is named under a policy that tracks none',
  );
  for (const [route, ofRoute] of Map.groupBy(bills, (one) => one.route)) printRoute(route, ofRoute);
  printBill('A naive design without entities, measured on the same emulator', naive);
  console.log('\nPublished by others');
  for (const { name, perMillion, basis, source } of published) console.log(`  ${name}: $${perMillion} (${basis}; ${source})`);
  console.log(
    '\nNot included: storage and its recovery, alarms, dashboard and firewall (billed by the month), polling of an empty queue, key use by the services themselves.',
  );
}
