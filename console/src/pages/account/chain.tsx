import type { ReadChain } from '../../audit.ts';
import { dateTime, plural, whole } from '../../format.ts';
import { AuditEvent, proofText } from '../../parts/audit.tsx';
import { Scrolls } from '../../parts/basics.tsx';

const rowsMax = 100;

/** What the check of the account's chain in this browser found, and its newest entries. */
export const Chain = ({ chain: { entries, check, more, archivedThrough } }: { readonly chain: ReadChain }) => (
  <>
    {check === null ? (
      <p class="verdict unknown">This browser can check hashes only on HTTPS pages.</p>
    ) : check.fault === null ? (
      <p class="verdict verified" role="status">
        Verified here: {plural(check.verified, 'entry', 'entries')}, each unchanged and in its place.
        {archivedThrough > 0 && ` The ${whole(archivedThrough)} before them are in the archive; aegis verify checks those.`}
        {more && ' The chain has more entries.'}
      </p>
    ) : (
      <p class="verdict broken" role="alert">
        Broken: entry {check.fault.sequence} {check.fault.text}.
      </p>
    )}
    <Scrolls label="Audit entries, newest first" tall>
      <table>
        <thead>
          <tr>
            <th scope="col" class="number">
              Entry
            </th>
            <th scope="col">Event</th>
            <th scope="col">At</th>
            <th scope="col">Proof</th>
            <th scope="col">Hash</th>
          </tr>
        </thead>
        <tbody>
          {entries
            .slice(-rowsMax)
            .toReversed()
            .map((entry) => (
              <tr key={entry.body.sequence}>
                <td class="number">{entry.body.sequence}</td>
                <td>
                  <AuditEvent entry={entry} />
                </td>
                <td class="nowrap">{dateTime(entry.body.at)}</td>
                <td class="nowrap">{proofText(entry.proof)}</td>
                <td>
                  <code title={entry.hash}>{entry.hash.slice(0, 10)}</code>
                </td>
              </tr>
            ))}
        </tbody>
      </table>
    </Scrolls>
  </>
);
