import { useEffect, useRef, useState } from 'preact/hooks';
import { ago, clock, decimal, money, payersTime } from '../../format.ts';
import { useClock } from '../../hooks.ts';
import { OutcomeTag, Signals } from '../../parts/basics.tsx';
import { toAccount, toDecision } from '../../router.ts';
import type { DecisionItem } from '../../wire.ts';

const rowPx = 34;
const rowsAround = 8;

/** The page holds only the rows in sight. Rows that arrive above do not move the rows that are being read. */
export function LatestTable({ items }: { readonly items: readonly DecisionItem[] }) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const newest = useRef<string | null>(null);
  const nowMs = useClock(5_000);
  useEffect(() => {
    const before = newest.current;
    newest.current = items[0]?.transactionId ?? null;
    const element = box.current;
    if (element === null || before === null || element.scrollTop < rowPx) return;
    const added = items.findIndex(({ transactionId }) => transactionId === before);
    if (added > 0) element.scrollTop += added * rowPx;
  }, [items]);
  const visible = Math.ceil((box.current?.clientHeight ?? 500) / rowPx);
  const first = Math.max(0, Math.floor(top / rowPx) - rowsAround);
  const last = Math.min(items.length, first + visible + 2 * rowsAround);
  return (
    <section
      class="rows"
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label="Latest decisions, newest first"
      onScroll={() => setTop(box.current!.scrollTop)}
    >
      <table aria-rowcount={items.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">Decided</th>
            <th scope="col">Outcome</th>
            <th scope="col" class="number">
              Score
            </th>
            <th scope="col" class="number">
              Amount
            </th>
            <th scope="col">Account</th>
            <th scope="col" class="wide">
              Signals
            </th>
            <th scope="col" class="wide">
              Paid, payer’s clock
            </th>
            <th scope="col">Transaction</th>
          </tr>
        </thead>
        <tbody>
          {first > 0 && <Spacer height={`${first * rowPx}px`} />}
          {items.slice(first, last).map((item, index) => (
            <Row key={item.transactionId} item={item} index={first + index + 2} nowMs={nowMs} />
          ))}
          {last < items.length && <Spacer height={`${(items.length - last) * rowPx}px`} />}
        </tbody>
      </table>
    </section>
  );
}

/** Takes the space of the rows that are out of sight. */
const Spacer = ({ height }: { readonly height: string }) => (
  <tr class="spacer">
    <td colSpan={8} style={{ height }} />
  </tr>
);

const Row = ({ item, index, nowMs }: { readonly item: DecisionItem; readonly index: number; readonly nowMs: number }) => (
  <tr
    aria-rowindex={index}
    class={item.outcome.toLowerCase()}
    onClick={(event) => {
      const isLink = event.target instanceof Element && event.target.closest('a') !== null;
      if (!isLink && item.transactionId !== null) location.hash = toDecision(item.transactionId);
    }}
  >
    <td class="nowrap" title={ago(item.decidedAt, nowMs)}>
      {clock(item.decidedAt)}
    </td>
    <td>
      <OutcomeTag outcome={item.outcome} />
    </td>
    <td class="number">
      <span class="scoreBar" style={{ '--score': String(item.score) }}>
        {decimal(item.score)}
      </span>
    </td>
    <td class="number nowrap">
      {item.amountMinor === null || item.currency === null ? '–' : money(item.amountMinor, item.currency)}
    </td>
    <td class="id">
      {item.accountId === null ? 'erased' : <a href={toAccount(item.accountId, item.userId)}>{item.accountId}</a>}
    </td>
    <td class="wide">
      <Signals names={item.signals} />
    </td>
    <td class="wide nowrap">{item.occurredAt === null ? '–' : payersTime(item.occurredAt)}</td>
    <td class="id">
      {item.transactionId === null ? 'erased' : <a href={toDecision(item.transactionId)}>{item.transactionId}</a>}
    </td>
  </tr>
);
