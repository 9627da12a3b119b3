import { Facts, Panel } from '../../parts/basics.tsx';
import type { AuditItem, Decision } from '../../wire.ts';

/** The inputs of the payment, as the audit entry records them. */
export function Payment({ entry, decision }: { readonly entry: AuditItem | null; readonly decision: Decision }) {
  const inputs = entry?.inputs ?? null;
  const metadata = (inputs?.metadata ?? null) as Readonly<Record<string, string>> | null;
  const place = (inputs?.location ?? null) as { latitude: number; longitude: number } | null;
  const text = (name: string): string | null => (typeof inputs?.[name] === 'string' ? (inputs[name] as string) : null);
  const rows = (
    [
      ['Merchant', text('merchantId')],
      ['Category', text('merchantCategory')],
      ['Channel', text('channel')],
      ['Device', text('deviceId')],
      ['Address', text('ipAddress')],
      ['Beneficiary', text('beneficiaryId')],
      ['Instrument', text('instrumentId')],
      ['Place', place && `${place.latitude.toFixed(3)}, ${place.longitude.toFixed(3)}`],
    ] as const
  ).filter(([, value]) => value !== null);
  return (
    <Panel title="Payment">
      {decision.erased ? (
        <p class="text">The personal data of this account is erased. The decision and its proof remain.</p>
      ) : (
        <>
          <Facts rows={rows} />
          {metadata !== null && (
            <Facts rows={Object.entries(metadata).map(([name, value]) => [name, <span class="given">{value}</span>] as const)} />
          )}
          {entry !== null && rows.length === 0 && metadata === null && (
            <p class="text">Only the account and the amount were given.</p>
          )}
        </>
      )}
    </Panel>
  );
}
