import { useId, useState } from 'preact/hooks';
import type { Page } from '../api.ts';
import { ago, decimal } from '../format.ts';
import { useClock, useResource } from '../hooks.ts';
import { Empty, OutcomeTag, Panel, Scrolls, Shown, Signals } from '../parts/basics.tsx';
import { toAccount } from '../router.ts';
import type { DecisionItem } from '../wire.ts';

const refreshMs = 5_000;

/** A search for an account, and the accounts with the latest decisions. */
export function AccountsPage() {
  const [text, setText] = useState('');
  const id = useId();
  const latest = useResource<Page<DecisionItem>>('decisions/latest?limit=200', refreshMs);
  const nowMs = useClock(refreshMs);
  return (
    <div class="accounts">
      <div class="pageHead">
        <h1>Accounts</h1>
      </div>
      <form
        class="find"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== '') location.hash = toAccount(text.trim());
        }}
      >
        <label for={id}>Account id</label>
        <input id={id} type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <button type="submit" class="primary">
          Open
        </button>
      </form>
      <Panel title="Latest accounts">
        <Shown of={latest} what="accounts">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No account has made a payment yet" />
            ) : (
              <Scrolls label="Latest accounts">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Account</th>
                      <th scope="col">User</th>
                      <th scope="col">Last outcome</th>
                      <th scope="col" class="number">
                        Score
                      </th>
                      <th scope="col">Decided</th>
                      <th scope="col" class="wide">
                        Signals
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {lastByAccount(items).map((item) => (
                      <tr key={`${item.accountId}/${item.userId}`}>
                        <td class="id">
                          <a href={toAccount(item.accountId!, item.userId)}>{item.accountId}</a>
                        </td>
                        <td class="id">{item.userId}</td>
                        <td>
                          <OutcomeTag outcome={item.outcome} />
                        </td>
                        <td class="number">{decimal(item.score)}</td>
                        <td class="nowrap">{ago(item.decidedAt, nowMs)}</td>
                        <td class="wide">
                          <Signals names={item.signals} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </Scrolls>
            )
          }
        </Shown>
      </Panel>
    </div>
  );
}

const lastByAccount = (items: readonly DecisionItem[]): readonly DecisionItem[] => {
  const found = new Map<string, DecisionItem>();
  for (const item of items) {
    const name = `${item.accountId}/${item.userId}`;
    if (item.accountId !== null && !found.has(name)) found.set(name, item);
  }
  return [...found.values()];
};
