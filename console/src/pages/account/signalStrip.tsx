import { useEffect, useRef } from 'preact/hooks';
import { signalNames } from '../../../../shared/domain/signals/names.ts';
import { dateTime, plural, signalLabel } from '../../format.ts';
import { Scrolls } from '../../parts/basics.tsx';
import { toDecision } from '../../router.ts';
import type { DecisionItem } from '../../wire.ts';

const columnsMax = 60;

/** Which signals triggered: one column for each payment, one row for each signal. */
export function SignalStrip({ items }: { readonly items: readonly DecisionItem[] }) {
  const columns = items.slice(0, columnsMax).toReversed();
  const rows = signalNames.filter((name) => columns.some(({ signals }) => signals.includes(name)));
  const table = useRef<HTMLTableElement>(null);
  const newest = columns.at(-1)?.transactionId;
  useEffect(() => {
    const scrolled = table.current?.parentElement;
    if (scrolled) scrolled.scrollLeft = scrolled.scrollWidth;
  }, [newest]);
  if (rows.length === 0) return <p class="text">No signal triggered in the last {plural(columns.length, 'payment')}.</p>;
  return (
    <Scrolls label="Signals over time">
      <table class="strip" ref={table}>
        <tbody>
          {rows.map((name) => (
            <tr key={name}>
              <th scope="row">{signalLabel(name)}</th>
              {columns.map((item) => (
                <td key={item.transactionId}>
                  {item.signals.includes(name) && item.transactionId !== null && (
                    <a class={`cell ${item.outcome.toLowerCase()}`} href={toDecision(item.transactionId)}>
                      <span class="unseen">{`${signalLabel(name)} at ${dateTime(item.decidedAt)}`}</span>
                    </a>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}
