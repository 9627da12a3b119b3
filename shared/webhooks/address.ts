import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';

/** Where webhooks may go. */
export interface AddressRules {
  /** Local stacks only: plain HTTP to this machine, beside HTTPS to the public internet. */
  readonly allowsLoopback: boolean;
}

/** Not of the public internet: IANA's special-purpose registries for IPv4 and IPv6, multicast, and ways of writing IPv4 in IPv6. */
const notPublic: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
];
/** The public part of IPv6. Everything else, such as mapped IPv4 and NAT64, is special-purpose or not assigned. */
const publicIpv6 = '2000::/3';

const listOf = (subnets: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network, prefix] = subnet.split('/');
    list.addSubnet(network!, Number(prefix), isIP(network!) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
};

const makeLists = () => ({
  refused: listOf(notPublic),
  global6: listOf([publicIpv6]),
  loopback: listOf(['127.0.0.0/8', '::1/128']),
});
let made: ReturnType<typeof makeLists> | null = null;
/** Made on first use, so that code that only plans deliveries does not pay for it at start. */
const lists = () => {
  made ??= makeLists();
  return made;
};

const kindOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Returns whether an IP address belongs to the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  const { refused, global6 } = lists();
  return !refused.check(address, kindOf(address)) && (family === 4 || global6.check(address, 'ipv6'));
}

/** Whether an address may be connected to by this URL: by HTTPS a public one, by HTTP, which only local stacks allow, this machine. */
const isAllowed = (address: string, { protocol }: URL): boolean =>
  protocol === 'http:' ? lists().loopback.check(address, kindOf(address)) : isPublicAddress(address);

/** Returns what is wrong with the text of a webhook's URL; null when nothing is. */
export function urlFault(text: string, rules: AddressRules): string | null {
  if (text.length > urlCharactersMax || !URL.canParse(text)) {
    return `url must be an https URL of at most ${urlCharactersMax} characters; given ${JSON.stringify(text.slice(0, 100))}`;
  }
  const url = new URL(text);
  const host = hostOf(url);
  if (url.protocol !== 'https:' && !(rules.allowsLoopback && url.protocol === 'http:')) {
    return `url must begin with https://; given ${url.protocol}//`;
  }
  if (url.username !== '' || url.password !== '') return 'url may not hold a user name or a password';
  if (isIP(host) !== 0 && !isAllowed(host, url)) return refusal(host, host);
  if (url.protocol === 'http:' && isIP(host) === 0 && host !== 'localhost')
    return 'url must begin with https:// but for this machine';
  return null;
}

const urlCharactersMax = 2_048;

export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

const refusal = (host: string, address: string): string =>
  `webhooks go to public addresses only; ${host === address ? host : `${host}, which is ${address},`} is not one`;

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>;

/** A name that is not resolved by then counts as one that is not. */
export const resolveMsMax = 2_000;

/** The system's resolver, or another lookup. Throws an Error after `resolveMsMax`. */
export const resolveBy =
  (find: (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>): Resolve =>
  async (host) => {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`${host} was not resolved within ${resolveMsMax / 1_000} s`)), resolveMsMax);
    try {
      const found = await Promise.race([find(host), late]);
      return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
    } finally {
      clearTimeout(timer);
    }
  };

export const systemResolve: Resolve = resolveBy((host) => lookup(host, { all: true }));

/**
 * The addresses of a URL's host, all of them allowed: what is connected to is what was checked. Throws a RangeError when one is not,
 * and what `resolve` throws.
 */
export async function checkedAddresses(url: URL, resolve: Resolve = systemResolve): Promise<readonly ResolvedAddress[]> {
  const host = hostOf(url);
  const family = isIP(host);
  const addresses = family === 0 ? await resolve(host) : [{ address: host, family: family === 6 ? 6 : 4 } as const];
  if (addresses.length === 0) throw new RangeError(`${host} has no address`);
  const wrong = addresses.find(({ address }) => !isAllowed(address, url));
  if (wrong !== undefined) throw new RangeError(refusal(host, wrong.address));
  return addresses;
}
