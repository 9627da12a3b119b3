import { anomalyText } from './anomalyText.ts';
import { currencyExponents } from './currency.ts';
import type { Decision, Reason } from './decision.ts';
import { decimal, grouped } from './numberText.ts';
import type { Outcome } from './outcome.ts';
import type { Policy } from './policy.ts';
import { type SignalName, signalNames } from './signals/names.ts';

/** `NEW` for an account's first decision, `NO_CHANGE`, or `ALLOW->BLOCK`. */
export const transitionText = (previous: Outcome | null, outcome: Outcome): string => {
  if (previous === null) return 'NEW';
  return previous === outcome ? 'NO_CHANGE' : `${previous}->${outcome}`;
};

/** `TOTAL_SPEND_24H: 1 trigger | NEW_DEVICE_USED: 4 triggers`; counts by position in `signalNames`, empty when all are zero. */
export const explanationText = (triggers24h: readonly number[]): string =>
  Object.entries(triggerCounts(triggers24h))
    .map(([name, count]) => `${name}: ${count} ${count === 1 ? 'trigger' : 'triggers'}`)
    .join(' | ');

/** The signals that triggered at least once, with their counts, in the order of `signalNames`. */
export const triggerCounts = (triggers24h: readonly number[]): Partial<Record<SignalName, number>> =>
  Object.fromEntries(
    signalNames.map((name, position) => [name, triggers24h[position] ?? 0] as const).filter(([, count]) => count > 0),
  );

/** The names in a mask whose bit i stands for signal i. */
export const namesTriggered = (mask: number): SignalName[] => signalNames.filter((_, position) => (mask & (1 << position)) !== 0);

/** One plain sentence for an analyst: the value, and what is usual for the account where that is known. */
export function reasonText(reason: Reason, decision: Decision, policy: Policy): string {
  const [kind, name] = splitSignal(reason.signal);
  if (kind === 'RULE') return policy.rules.find((rule) => rule.id === name)?.text ?? `Rule ${name} applied`;
  if (kind === 'LIST') return policy.lists[name]?.text ?? `An entry of list ${name} applied`;
  const sentence = sentences[reason.signal as SignalName | 'MODEL'];
  if (sentence === undefined) return `${reason.signal} applied`;
  if (reason.value === null) return `${reason.signal} could not be computed`;
  const { text, usual } = sentence(reason.value, { decision, policy });
  return reason.usual === null || usual === undefined ? text : `${text}; usually ${usual(reason.usual)}`;
}

interface Context {
  readonly decision: Decision;
  readonly policy: Policy;
}

interface Sentence {
  readonly text: string;
  /** Puts the usual value in words; absent where a usual value says nothing. */
  readonly usual?: (value: number) => string;
}

const sentences: Readonly<Record<SignalName | 'MODEL', (value: number, context: Context) => Sentence>> = {
  TOTAL_SPEND_24H: (value, { policy }) => ({
    text: `${formatAmount(value, policy.baseCurrency)} spent in the last 24 hours`,
    usual: (usual) => formatAmount(usual, policy.baseCurrency),
  }),
  TXN_VELOCITY_1H: (value) => ({ text: `${payments(value)} in the last hour`, usual: decimal }),
  RAPID_BURST_1M: (value) => ({ text: `${payments(value)} within 60 seconds`, usual: decimal }),
  NEW_DEVICE_USED: () => ({ text: 'A device that is new to this account, or was last seen 90 days or longer ago' }),
  AMOUNT_ANOMALY: (value, { decision }) => ({
    text: `The amount, ${formatAmount(decision.transaction.amountMinor, decision.transaction.currency)}, is ${decimal(Math.abs(value))} standard deviations ${value < 0 ? 'below' : 'above'} what is usual`,
  }),
  IMPOSSIBLE_TRAVEL: (value) => ({ text: `${decimal(value)} km/h would be needed to get here from the last place` }),
  UNUSUAL_HOUR: (_value, { decision }) => ({
    text: `Paid at ${localTime(decision.transaction)} local time, when this account rarely pays`,
  }),
  MERCHANT_RISK: (value) => ({
    text: `${decimal(value * 100)} % of this merchant's payments are estimated to be fraud`,
    usual: (usual) => `${decimal(usual * 100)} %`,
  }),
  ANOMALY: (value, { decision }) => {
    const most = anomalyText(decision);
    return { text: `More unusual than ${decimal(value)} % of payments${most === '' ? '' : `: ${most}`}` };
  },
  DEVICE_ACCOUNTS_24H: (value) => ({ text: `${accounts(value)} paid from this device in the last 24 hours` }),
  IP_ACCOUNTS_1H: (value) => ({ text: `${accounts(value)} paid from this address in the last hour` }),
  BENEFICIARY_PAYERS_24H: (value) => ({ text: `${accounts(value)} paid this payee in the last 24 hours` }),
  INSTRUMENT_ACCOUNTS_24H: (value) => ({ text: `${accounts(value)} paid with this instrument in the last 24 hours` }),
  LINKED_FRAUD: (value) => ({
    text: `${payments(value)} on the same device, address, payee or instrument turned out to be fraud within 90 days`,
  }),
  MODEL: (value) => ({ text: `The learned score of this payment is ${decimal(value)}` }),
};

const splitSignal = (signal: string): readonly [kind: string, name: string] => {
  const colon = signal.indexOf(':');
  return colon < 0 ? [signal, ''] : [signal.slice(0, colon), signal.slice(colon + 1)];
};

const payments = (count: number): string => `${decimal(count)} ${count === 1 ? 'payment' : 'payments'}`;

const accounts = (count: number): string => `${decimal(count)} ${count === 1 ? 'account' : 'accounts'}`;

const localTime = ({ occurredAtMs, offsetMinutes }: Decision['transaction']): string =>
  new Date(occurredAtMs + offsetMinutes * 60_000).toISOString().slice(11, 16);

/** `INR 1,299.00`, `JPY 500`, `KWD 1.250`: minor units in the currency's own units. */
const formatAmount = (amountMinor: number, currency: string): string => {
  const exponent = currencyExponents[currency] ?? 2;
  const digits = String(Math.round(Math.abs(amountMinor))).padStart(exponent + 1, '0');
  const whole = grouped(digits.slice(0, digits.length - exponent));
  const fraction = exponent === 0 ? '' : `.${digits.slice(-exponent)}`;
  return `${currency} ${amountMinor < 0 ? '-' : ''}${whole}${fraction}`;
};
