import { useState } from 'preact/hooks';
import { getText, path } from '../../api.ts';
import { entriesMax, type ReadChain } from '../../audit.ts';
import { whole } from '../../format.ts';
import { asApiError, type Resource } from '../../hooks.ts';
import { proofText } from '../../parts/audit.tsx';
import { Facts, Panel } from '../../parts/basics.tsx';
import type { Decision } from '../../wire.ts';

/** The decision's audit entry, the check of its chain in this browser, and the evidence pack. */
export function Proof({ decision, chain }: { readonly decision: Decision; readonly chain: Resource<ReadChain> }) {
  const { audit, policyVersion, modelVersion, transactionId } = decision;
  return (
    <Panel title="Proof">
      <ChainState decision={decision} chain={chain} />
      <Facts
        rows={[
          ['Entry', `${whole(audit.sequence)} in the account’s chain`],
          ['Signed', proofText(chain.data?.entries.at(-1)?.proof)],
          ['Hash', <code class="hash">{audit.hash}</code>],
          ['Policy', <a href={`#/policy?version=${policyVersion}`}>version {policyVersion}</a>],
          ['Model', modelVersion === null ? 'none' : <a href="#/model">version {modelVersion}</a>],
        ]}
      />
      {chain.data !== null && chain.data.entries.length > 0 && (
        <details>
          <summary>The entry in full</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
          <pre tabIndex={0}>{JSON.stringify(chain.data.entries.at(-1)!.body, null, 2)}</pre>
        </details>
      )}
      {transactionId !== null && <Evidence transactionId={transactionId} />}
    </Panel>
  );
}

function ChainState({ decision, chain }: { readonly decision: Decision; readonly chain: Resource<ReadChain> }) {
  const [kind, text] = chainWords(decision, chain);
  return (
    <p class={`verdict ${kind}`} role="status">
      {text}
    </p>
  );
}

function chainWords(
  { audit, accountId, transactionId }: Decision,
  chain: Resource<ReadChain>,
): readonly [kind: string, text: string] {
  if (accountId === null) return ['unknown', 'The account is erased. aegis verify checks its chain by the account id.'];
  if (audit.sequence > entriesMax) return ['unknown', 'The chain is too long to check here. Use aegis verify.'];
  if (chain.error !== null) return ['unknown', `The chain could not be read: ${asApiError(chain.error).message}`];
  if (chain.data === null) return ['busy', 'Checking the chain in this browser…'];
  const { entries, check } = chain.data;
  const entry = entries.at(-1);
  if (audit.sequence <= chain.data.archivedThrough)
    return ['unknown', 'The entry is in the archive. aegis verify checks it there.'];
  if (check === null) return ['unknown', 'This browser can check hashes only on HTTPS pages.'];
  if (check.fault !== null) return ['broken', `Broken: entry ${check.fault.sequence} ${check.fault.text}.`];
  if (entry === undefined || entry.hash !== audit.hash || entry.body.transactionId !== transactionId) {
    return ['broken', `Broken: entry ${audit.sequence} is not the entry of this decision.`];
  }
  const before = entries.length - 1;
  return [
    'verified',
    before === 0
      ? `Verified here: this entry ${audit.sequence === 1 ? 'is the first of its chain and' : 'is'} unchanged.`
      : `Verified here: this entry and the ${whole(before)} before it are unchanged.`,
  ];
}

/** Saves the evidence pack as a file. It is not shown here, because this page may run only its own code. */
function Evidence({ transactionId }: { readonly transactionId: string }) {
  const [fault, setFault] = useState<string | null>(null);
  const save = async (): Promise<void> => {
    setFault(null);
    try {
      const text = await getText(path`decisions/${transactionId}/evidence`);
      const address = URL.createObjectURL(new Blob([text], { type: 'text/html' }));
      Object.assign(document.createElement('a'), { href: address, download: `evidence-${transactionId}.html` }).click();
      URL.revokeObjectURL(address);
    } catch (error) {
      setFault(asApiError(error).message);
    }
  };
  return (
    <p class="evidence">
      <button type="button" onClick={save}>
        Save the evidence pack
      </button>
      {fault !== null && (
        <span class="hint" role="alert">
          {fault}
        </span>
      )}
    </p>
  );
}
