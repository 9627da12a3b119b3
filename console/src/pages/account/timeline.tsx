import { decimal, money, payersTime } from '../../format.ts';
import { OutcomeTag, Scrolls, Signals } from '../../parts/basics.tsx';
import { toDecision } from '../../router.ts';
import type { DecisionItem } from '../../wire.ts';

const rowsMax = 100;

export const Timeline = ({ items }: { readonly items: readonly DecisionItem[] }) => (
  <Scrolls label="Timeline, newest first" tall>
    <table>
      <thead>
        <tr>
          <th scope="col">Paid, payer’s clock</th>
          <th scope="col">Outcome</th>
          <th scope="col" class="number">
            Score
          </th>
          <th scope="col" class="number">
            Amount
          </th>
          <th scope="col" class="wide">
            Signals
          </th>
          <th scope="col">Transaction</th>
        </tr>
      </thead>
      <tbody>
        {items.slice(0, rowsMax).map((item) => (
          <tr key={item.transactionId}>
            <td class="nowrap">{item.occurredAt === null ? '–' : payersTime(item.occurredAt)}</td>
            <td>
              <OutcomeTag outcome={item.outcome} />
            </td>
            <td class="number">{decimal(item.score)}</td>
            <td class="number nowrap">
              {item.amountMinor === null || item.currency === null ? '–' : money(item.amountMinor, item.currency)}
            </td>
            <td class="wide">
              <Signals names={item.signals} />
            </td>
            <td class="id">{item.transactionId !== null && <a href={toDecision(item.transactionId)}>{item.transactionId}</a>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </Scrolls>
);
