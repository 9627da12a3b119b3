// A second verifier of Aegis bundles (format: audit.md) with nothing but Node: node verify-bundle.mjs BUNDLE [PUBLIC-KEY.pem]
// biome-ignore-all format: sixty lines are the point
import { createPublicKey, hash, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const canonical = (value) =>
  value === null || typeof value !== 'object' ? JSON.stringify(value) : Array.isArray(value) ? `[${value.map(canonical)}]`
  : `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)}}`;
const keyOf = (pem, key = createPublicKey(pem)) => [hash('sha256', key.export({ type: 'spki', format: 'der' })), key];
const keysOf = (pem) => new Map((pem === null ? [] : pem.match(/-----BEGIN [\s\S]*?-----END [^\n]*/g) ?? [pem]).map((one) => keyOf(one)));
const [hashOf, nodeOf] = [(value) => hash('sha256', canonical(value)), (...hex) => hash('sha256', Buffer.from(hex.join(''), 'hex'))];
const rootOf = (node, index, size, proof) => {
  if (size <= 1) return proof.length === 0 ? node : '';
  const [middle, below, sibling] = [2 ** (Math.ceil(Math.log2(size)) - 1), proof.slice(0, -1), proof.at(-1)];
  return index < middle ? nodeOf('01', rootOf(node, index, middle, below), sibling) : nodeOf('01', sibling, rootOf(node, index - middle, size - middle, below));
};
const isLeaf = ({ leaf, index, proof }, { size, root }) =>
  index < size && rootOf(nodeOf('00', Buffer.from(canonical(leaf)).toString('hex')), index, size, proof) === root;
const [isExcerpt, exit] = [() => ['accounts', 'stretch'].includes(header.scope.kind), (code, text) => process.exit(console.log(text) ?? code)];
const must = (holds, what) => holds || exit(header ? 1 : 2, `${header ? 'TAMPERED' : 'UNREADABLE'}: line ${line}: ${what}`);
let [checkpoints, line, header, keys, last, own, silent, chains, entries, covered, isEnded] = [new Map(), 0, null, null, null, null, Infinity, 0, 0, 0, false];
const read = (value, { kind, body, checkpoint, left, right, leaf } = value, at = checkpoints.get(checkpoint)) => {
  if (kind === 'checkpoint') {
    must(!last || (body.number === last.number + 1 ? body.previousHash === hashOf(last) : isExcerpt() && body.number > last.number), 'the checkpoint does not follow');
    must(keys.has(body.keyId) && !keys.gone.has(body.keyId), 'a wrong key, or one that another has followed');
    must(verify(null, Buffer.from(canonical(body)), keys.get(body.keyId), Buffer.from(value.signature, 'base64')), 'wrong signature');
    if (last && last.keyId !== body.keyId) keys.gone.add(last.keyId); checkpoints.set(body.number, { ...body, shown: new Set() }); last = body;
  } else if (kind === 'chain' || kind === 'end') {
    must(!own || own.head < own.next, `chain ${own?.chain} is cut off at entry ${own?.next}`);
    if (own) [covered, silent] = [covered + own.head - own.first + 1, own.spoken < last?.number ? Math.min(silent, own.spoken) : silent];
    isEnded = kind === 'end' && must(value.chains === chains && value.entries === entries, 'wrong totals');
    must(isEnded || ((!own || own.chain < value.chain) && (value.first === 1 || header.scope.from || header.scope.kind === 'stretch')), 'wrong order or beginning');
    own = { ...value, next: value.first, head: value.first - 1, heads: new Map(), spoken: ([...checkpoints.keys()][0] ?? 1) - 1, before: value.first === 1 ? '0'.repeat(64) : null, place: chains++ };
  } else if (kind === 'leaf') {
    must(leaf[0] === own.chain && isLeaf(value, at) && (own.heads.get(leaf[1]) ?? leaf[2]) === leaf[2], 'wrong proof of a head');
    own.heads.set(leaf[1], leaf[2]); at.shown.add(value.index); [own.spoken, own.head] = [checkpoint, Math.max(own.head, leaf[1])];
  } else if (kind === 'absent') {
    const isLeft = left ? left.leaf[0] < own.chain && isLeaf(left, at) : right.index === 0;
    const isRight = right ? right.leaf[0] > own.chain && isLeaf(right, at) : left.index === at.size - 1;
    own.spoken += must(isLeft && isRight && (!left || !right || left.index + 1 === right.index), 'wrong proof of absence') && checkpoint === own.spoken + 1;
  } else if (body) {
    must(hashOf(body) === value.hash && body.chain === own.chain && body.sequence === own.next, `${own.next} was changed or moved`);
    must((own.heads.get(own.next) ?? value.hash) === value.hash, `${own.next} was rewritten`);
    must(own.before ? body.previousHash === own.before : header.scope.kind === 'stretch' || Date.parse(body.at) < Date.parse(header.scope.from), `${own.next} does not follow`);
    [own.before, own.next, entries] = [value.hash, own.next + 1, entries + 1];
  } else must(kind === 'policy' ? hashOf(value.policy) === value.hash : kind === 'model', 'a wrong policy or an unknown line');
};
try {
  const [file, keyFile] = [readFileSync(process.argv[2]), process.argv[3]];
  for (const text of (file[0] === 0x1f ? gunzipSync(file) : file).toString().split('\n').slice(0, -1)) {
    const value = JSON.parse(text);
    must(++line && canonical(value) === text && !isEnded && (header || value.format === 'aegis-bundle/1'), 'no line of a bundle');
    if (header) read(value); else [header, keys] = [value, Object.assign(keysOf(keyFile ? `${readFileSync(keyFile)}` : value.publicKey), { gone: new Set() })];
  }
} catch (error) { must(false, error.message); }
const isShown = ({ number, size, shown }) => shown.size === size || isExcerpt() || (header.scope.kind === 'chains' && number <= silent);
must([...checkpoints.values()].every(isShown), 'heads of a checkpoint are withheld');
if (!isEnded || entries === 0) exit(2, 'UNREADABLE: the bundle is cut off or empty');
exit(0, `INTACT: ${entries} entries of ${chains - 1} chains, ${entries - covered} after the last checkpoint (${last?.number ?? 'none'})`);
