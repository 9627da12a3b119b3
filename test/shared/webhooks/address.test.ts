import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkedAddresses, isPublicAddress, resolveBy, resolveMsMax, urlFault } from '../../../shared/webhooks/address.ts';

const strict = { allowsLoopback: false };
const local = { allowsLoopback: true };

describe('an address that webhooks may go to', () => {
  it.each([
    ['a public IPv4 address', '93.184.215.14', true],
    ['a public IPv6 address', '2606:2800:21f:cb07:6820:80da:af6b:8b2c', true],
    ['this machine', '127.0.0.1', false],
    ['the end of the loopback range', '127.255.255.254', false],
    ['this machine by IPv6', '::1', false],
    ['any address', '0.0.0.0', false],
    ['any address of IPv6', '::', false],
    ['a private network of class A', '10.1.2.3', false],
    ['a private network of class B', '172.31.255.255', false],
    ['the first address behind it', '172.32.0.1', true],
    ['a private network of class C', '192.168.1.1', false],
    ['carrier-grade NAT', '100.127.0.1', false],
    ['the metadata service', '169.254.169.254', false],
    ['benchmarks', '198.19.0.1', false],
    ['multicast', '239.1.1.1', false],
    ['broadcast', '255.255.255.255', false],
    ['a link-local IPv6 address', 'fe80::1', false],
    ['a unique local IPv6 address', 'fd00:ec2::254', false],
    ['a multicast IPv6 address', 'ff02::1', false],
    ['IPv4 mapped into IPv6', '::ffff:169.254.169.254', false],
    ['public IPv4 mapped into IPv6, which no resolver needs to answer', '::ffff:93.184.215.14', false],
    ['private IPv4 behind NAT64', '64:ff9b::a00:1', false],
    ['private IPv4 behind 6to4', '2002:7f00:1::', false],
    ['Teredo', '2001:0:7f00:1::', false],
    ['documentation', '2001:db8::1', false],
    ['what is no address', 'localhost', false],
  ])('%s', (_, address, allowed) => {
    expect(isPublicAddress(address)).toBe(allowed);
  });

  it.each([
    ['this machine', 'http://127.0.0.1:8080/', null],
    ['this machine by IPv6', 'http://[::1]:8080/', null],
    ['this machine by name', 'http://localhost:8080/', null],
    ['a public URL', 'https://hooks.example.com/', null],
    ['this machine by https', 'https://127.0.0.1/', '127.0.0.1'],
    ['a private address', 'http://10.0.0.1/', '10.0.0.1'],
    ['the metadata service', 'http://169.254.169.254/', '169.254.169.254'],
    ['plain HTTP to elsewhere', 'http://hooks.example.com/', 'https://'],
    ['plain HTTP to a public address', 'http://93.184.215.14/', '93.184.215.14'],
  ])('where the setting allows this machine by plain HTTP: %s', (_, url, fault) => {
    if (fault === null) expect(urlFault(url, local)).toBeNull();
    else expect(urlFault(url, local)).toContain(fault);
  });

  it('of a local stack is this machine by HTTP, the public by HTTPS, whatever a name leads to', async () => {
    const leadsTo = (address: string) => async () => [{ address, family: 4 as const }];
    await expect(checkedAddresses(new URL('http://localhost/'), leadsTo('10.0.0.1'))).rejects.toThrow('10.0.0.1');
    await expect(checkedAddresses(new URL('https://localhost/'), leadsTo('127.0.0.1'))).rejects.toThrow('127.0.0.1');
    expect(await checkedAddresses(new URL('http://localhost/'), leadsTo('127.0.0.1'))).toHaveLength(1);
  });

  it.each([
    ['an https URL', 'https://hooks.example.com/aegis?x=1', null],
    ['plain HTTP', 'http://hooks.example.com/', 'https://'],
    ['another scheme', 'file:///etc/passwd', 'https://'],
    ['no URL', 'hooks.example.com', 'must be an https URL'],
    ['a password in it', 'https://a:b@hooks.example.com/', 'password'],
    ['a private address in it', 'https://10.0.0.1/', '10.0.0.1'],
    ['a loopback address in hexadecimal', 'https://0x7f000001/', '127.0.0.1'],
    ['a loopback address as one number', 'https://2130706433/', '127.0.0.1'],
    ['a short loopback address', 'https://127.1/', '127.0.0.1'],
    ['an IPv6 loopback address', 'https://[::1]/', '::1'],
  ])('is looked for in the URL already: %s', (_, url, fault) => {
    if (fault === null) expect(urlFault(url, strict)).toBeNull();
    else expect(urlFault(url, strict)).toContain(fault);
  });

  it('must be every address of a name: one private among public ones refuses it', async () => {
    const resolve = async () => [
      { address: '93.184.215.14', family: 4 as const },
      { address: '10.0.0.1', family: 4 as const },
    ];
    await expect(checkedAddresses(new URL('https://hooks.example.com'), resolve)).rejects.toThrow('10.0.0.1');
  });
});

describe('a name that is not resolved', () => {
  afterEach(() => vi.useRealTimers());

  it('is given up after two seconds', async () => {
    vi.useFakeTimers();
    const resolving = resolveBy(() => new Promise(() => undefined))('hooks.example.com');
    const given = expect(resolving).rejects.toThrow('hooks.example.com was not resolved within 2 s');
    await vi.advanceTimersByTimeAsync(resolveMsMax);
    await given;
  });

  it('is told of as the resolver tells, and leaves no timer behind', async () => {
    vi.useFakeTimers();
    await expect(resolveBy(() => Promise.reject(new Error('ENOTFOUND')))('hooks.example.com')).rejects.toThrow('ENOTFOUND');
    expect(await resolveBy(async () => [{ address: '2001:4860::1', family: 6 }])('a')).toEqual([
      { address: '2001:4860::1', family: 6 },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
