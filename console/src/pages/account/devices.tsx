import { useMemo } from 'preact/hooks';
import { Scrolls } from '../../parts/basics.tsx';
import type { AuditItem } from '../../wire.ts';

/** The devices that the account paid with, the most used first. */
export function Devices({ entries }: { readonly entries: readonly AuditItem[] }) {
  const devices = useMemo(() => {
    const found = new Map<string, { count: number; notAllowed: number; last: string }>();
    for (const { body, inputs } of entries) {
      if (typeof inputs?.deviceId !== 'string') continue;
      const known = found.get(inputs.deviceId) ?? { count: 0, notAllowed: 0, last: '' };
      known.count += 1;
      if (body.outcome !== 'ALLOW') known.notAllowed += 1;
      known.last = String(body.occurredAt);
      found.set(inputs.deviceId, known);
    }
    return [...found].sort(([, a], [, b]) => b.count - a.count);
  }, [entries]);
  if (devices.length === 0) return <p class="text">No payment gave a device.</p>;
  return (
    <Scrolls label="Devices">
      <table>
        <thead>
          <tr>
            <th scope="col">Device</th>
            <th scope="col" class="number">
              Payments
            </th>
            <th scope="col" class="number">
              Not allowed
            </th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          {devices.map(([name, { count, notAllowed, last }]) => (
            <tr key={name}>
              <th scope="row" class="id">
                {name}
              </th>
              <td class="number">{count}</td>
              <td class="number">{notAllowed}</td>
              <td class="nowrap">{`${last.slice(0, 10)} ${last.slice(11, 16)}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}
