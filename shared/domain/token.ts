/**
 * 32 bits that stand for a text within one account, by FNV-1a under a seed that only the account's state holds, finished by the mixer
 * of MurmurHash3. Of 32 known devices an unknown one is mistaken for known once in 134 million.
 */
export function tokenOf(text: string, salt: Uint8Array): number {
  let hash = 0x811c9dc5 ^ ((salt[0] ?? 0) | ((salt[1] ?? 0) << 8) | ((salt[2] ?? 0) << 16) | ((salt[3] ?? 0) << 24));
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
