/** Rounds a finite number half to even to 4 decimals, the resolution in which signals are reported and compared. */
export const round4 = (value: number): number => {
  const scaled = value * 10_000;
  const below = Math.floor(scaled);
  const rest = scaled - below;
  const rounded = rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
  const result = rounded / 10_000;
  return result === 0 ? 0 : result;
};

const single = new DataView(new ArrayBuffer(4));

/** The nearest of the numbers that single precision writes with a last byte of zero: 16 significant bits. */
export const round16 = (value: number): number => {
  single.setFloat32(0, value);
  single.setUint32(0, (single.getUint32(0) + 0x80) & 0xffffff00);
  return single.getFloat32(0);
};
