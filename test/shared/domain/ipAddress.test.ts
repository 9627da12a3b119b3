import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalIp, ipNetwork } from '../../../shared/domain/ipAddress.ts';

describe('the canonical form of an address', () => {
  test.each([
    ['IPv4 is as it is', '203.0.113.7', '203.0.113.7'],
    ['the lowest IPv4', '0.0.0.0', '0.0.0.0'],
    ['the highest IPv4', '255.255.255.255', '255.255.255.255'],
    ['letters become small', '2001:DB8::A', '2001:db8::a'],
    ['zeros that lead a group go', '2001:0db8:0000:0001:0:0:0:000a', '2001:db8:0:1::a'],
    ['one zero group stays', '2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['a group written as :: alone is spelled out', '2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['the longest run of zeros is left out', '2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['of two equal runs the first', '2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['none but zeros', '0:0:0:0:0:0:0:0', '::'],
    ['the loopback address', '::1', '::1'],
    ['zeros at the end', 'fe80:0:0:0:0:0:0:0', 'fe80::'],
    ['an IPv4-mapped address is IPv4', '::ffff:203.0.113.7', '203.0.113.7'],
    ['an IPv4-mapped address in hexadecimal, too', '::FFFF:cb00:7107', '203.0.113.7'],
    ['an IPv4 address at the end of another IPv6 address', '64:ff9b::203.0.113.7', '64:ff9b::cb00:7107'],
  ])('%s', (_, text, canonical) => {
    expect(canonicalIp(text)).toBe(canonical);
  });

  test.each([
    ['nothing', ''],
    ['a host name', 'example.com'],
    ['three octets', '1.2.3'],
    ['five octets', '1.2.3.4.5'],
    ['an octet above 255', '1.2.3.256'],
    ['an octet that begins with 0', '010.1.2.3'],
    ['an octet of two zeros', '1.2.3.00'],
    ['a sign', '+1.2.3.4'],
    ['space before it', ' 1.2.3.4'],
    ['a line end after it', '1.2.3.4\n'],
    ['a prefix length', '2001:db8::/64'],
    ['a port', '1.2.3.4:80'],
    ['brackets', '[::1]'],
    ['a zone', 'fe80::1%eth0'],
    ['seven groups', '1:2:3:4:5:6:7'],
    ['nine groups', '1:2:3:4:5:6:7:8:9'],
    ['eight groups and ::', '1:2:3:4::5:6:7:8'],
    ['two times ::', '1::2::3'],
    ['three colons', '1:::2'],
    ['five digits', '1:2:3:4:5:6:7:12345'],
    ['a letter beyond f', '::g'],
    ['a colon at the beginning', ':1:2:3:4:5:6:7'],
    ['a colon at the end', '1:2:3:4:5:6:7:'],
    ['IPv4 before the end', '::1.2.3.4:5'],
    ['IPv4 before ::', '1.2.3.4::'],
    ['an embedded octet that begins with 0', '::ffff:01.2.3.4'],
    ['digits of another script', '١.2.3.4'],
  ])('%s is no address', (_, text) => {
    expect(canonicalIp(text)).toBeNull();
  });

  test('is taken for every address that Node takes, and is its own canonical form', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{0,24}$/)), (text) => {
        const canonical = canonicalIp(text);
        expect(canonical !== null).toBe(isIP(text) !== 0);
        if (canonical !== null) expect(canonicalIp(canonical)).toBe(canonical);
      }),
    );
  });

  test('is what URLs write, but for IPv4-mapped addresses', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const written = new URL(`http://[${text}]`).hostname.slice(1, -1);
        fc.pre(!written.startsWith('::ffff:'));
        expect(canonicalIp(text)).toBe(written);
      }),
    );
  });
});

describe('what an address is counted as', () => {
  test.each([
    ['IPv4 as itself', '203.0.113.7', '203.0.113.7'],
    ['IPv6 as the first of its /64', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
    ['an address with zeros before the interface', '2001:db8::1', '2001:db8::'],
    ['the first of a /64 as itself', '2001:db8:0:1::', '2001:db8:0:1::'],
  ])('%s', (_, text, network) => {
    expect(ipNetwork(canonicalIp(text)!)).toBe(network);
  });
});
