/** Every signal, in the order in which explanations list them. The position is the bit in trigger masks: append only. */
export const signalNames = [
  'TOTAL_SPEND_24H',
  'TXN_VELOCITY_1H',
  'RAPID_BURST_1M',
  'NEW_DEVICE_USED',
  'AMOUNT_ANOMALY',
  'IMPOSSIBLE_TRAVEL',
  'UNUSUAL_HOUR',
  'MERCHANT_RISK',
  'ANOMALY',
  'DEVICE_ACCOUNTS_24H',
  'IP_ACCOUNTS_1H',
  'BENEFICIARY_PAYERS_24H',
  'INSTRUMENT_ACCOUNTS_24H',
  'LINKED_FRAUD',
] as const;

export type SignalName = (typeof signalNames)[number];

/** Of 0.1: every policy and every entry has them. */
export type FirstSignalName = Exclude<
  SignalName,
  'DEVICE_ACCOUNTS_24H' | 'IP_ACCOUNTS_1H' | 'BENEFICIARY_PAYERS_24H' | 'INSTRUMENT_ACCOUNTS_24H' | 'LINKED_FRAUD'
>;

/** Values by position in `signalNames`, by name; null where there is none. */
export const namedSignals = (values: readonly (number | null)[]): Record<SignalName, number | null> => {
  const named = {} as Record<SignalName, number | null>;
  for (let i = 0; i < signalNames.length; i++) named[signalNames[i]!] = values[i] ?? null;
  return named;
};

/** What an audit entry says of the signals: those of the version that decided, which later versions add to. */
export type RecordedSignals = Readonly<Partial<Record<SignalName, number | null>>>;

/** The values that are there, by name. */
export const recordedSignals = (values: readonly (number | null)[], names: readonly string[] = signalNames): RecordedSignals => {
  const named: Record<string, number | null> = {};
  for (let i = 0; i < values.length; i++) named[names[i]!] = values[i]!;
  return named;
};
