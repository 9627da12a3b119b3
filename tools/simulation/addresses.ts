/** Addresses of nobody: RFC 2544 reserves 198.18.0.0/15 for benchmarks, RFC 3849 reserves 2001:db8::/32 for documentation. */

const ipv4Range = 1 << 17;

/** One range for each use, so that no two uses share an address in a population of up to 100,000 people. */
const firstOf = { homes: 0, offices: 1 << 15, mobile: 40_960, shops: 57_344, proxies: 1 << 16 } as const;

/** The IPv4 address with that number in its range. Proxies repeat after 65,536. */
export const ipv4Address = (use: keyof typeof firstOf, number: number): string => {
  const index = use === 'proxies' ? firstOf.proxies + (number % firstOf.proxies) : (firstOf[use] + number) % ipv4Range;
  return `198.${18 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
};

/** An address in the /64 with that number, in canonical form (RFC 5952). `rented` keeps the networks of attackers apart from homes. */
export const ipv6Address = (use: 'homes' | 'rented', network: number, host: number): string => {
  const high = (use === 'homes' ? 1 : 0x8000) + (network >> 16);
  return `2001:db8:${high.toString(16)}:${(network & 0xffff).toString(16)}::${host.toString(16)}`;
};
