/** At most two decimals, none that are zero, thousands separated. */
export const decimal = (value: number): string => {
  const [whole = '0', fraction = ''] = Math.abs(value).toFixed(2).split('.');
  const kept = fraction.replace(/0+$/, '');
  return `${value < 0 ? '-' : ''}${grouped(whole)}${kept === '' ? '' : `.${kept}`}`;
};

export const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',');
