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
] as const;

export type SignalName = (typeof signalNames)[number];

/** Values by position in `signalNames`, by name. */
export const namedSignals = (values: readonly (number | null)[]): Record<SignalName, number | null> => {
  const named = {} as Record<SignalName, number | null>;
  for (let i = 0; i < signalNames.length; i++) named[signalNames[i]!] = values[i] ?? null;
  return named;
};
