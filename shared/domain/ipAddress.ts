/**
 * The canonical text of an IP address: IPv4 in dotted decimal, IPv6 as RFC 5952 writes it, an IPv4-mapped address as IPv4. Null for
 * anything else, zone ids, prefix lengths and octets that begin with 0 included.
 */
export const canonicalIp = (text: string): string | null => {
  if (!text.includes(':')) return octetsOf(text) && text;
  const groups = groupsOf(text);
  if (groups === null) return null;
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
    ? `${groups[6]! >> 8}.${groups[6]! & 255}.${groups[7]! >> 8}.${groups[7]! & 255}`
    : textOf(groups);
};

/** What a canonical address is counted as: IPv4 as itself, IPv6 as the first address of its /64. */
export const ipNetwork = (canonical: string): string => {
  if (!canonical.includes(':')) return canonical;
  return textOf([...groupsOf(canonical)!.slice(0, 4), 0, 0, 0, 0]);
};

const groupsMax = 8;

const octetsOf = (text: string): readonly number[] | null => {
  const parts = text.split('.');
  const isOctet = (part: string): boolean => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255;
  return parts.length === 4 && parts.every(isOctet) ? parts.map(Number) : null;
};

/** The eight groups of an IPv6 address, or null. */
function groupsOf(text: string): readonly number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half, i) => partsOf(half, i === halves.length - 1));
  if (!head || tail === null) return null;
  if (tail === undefined) return head.length === groupsMax ? head : null;
  const missing = groupsMax - head.length - tail.length;
  return missing > 0 ? [...head, ...Array.from({ length: missing }, () => 0), ...tail] : null;
}

/** The groups between colons; the last may be an IPv4 address where `isLast`. */
function partsOf(half: string, isLast: boolean): readonly number[] | null {
  if (half === '') return [];
  const groups: number[] = [];
  const parts = half.split(':');
  for (const [i, part] of parts.entries()) {
    if (isLast && i === parts.length - 1 && part.includes('.')) {
      const octets = octetsOf(part);
      if (octets === null) return null;
      groups.push(octets[0]! * 256 + octets[1]!, octets[2]! * 256 + octets[3]!);
    } else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}

/** RFC 5952: lower case, no leading zeros, the first of the longest runs of two or more zeros as `::`. */
function textOf(groups: readonly number[]): string {
  let from = 0;
  let length = 1;
  for (let i = 0; i < groupsMax; i++) {
    let end = i;
    while (end < groupsMax && groups[end] === 0) end++;
    if (end - i > length) [from, length] = [i, end - i];
  }
  const hex = groups.map((group) => group.toString(16));
  return length === 1 ? hex.join(':') : `${hex.slice(0, from).join(':')}::${hex.slice(from + length).join(':')}`;
}
