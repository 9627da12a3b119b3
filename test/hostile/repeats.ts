import { scopes } from '../../shared/contract/routes.ts';
import { isDecisionItem } from '../../shared/ledger/items.ts';
import { type SeededRandom, seededRandom } from '../../shared/store/random.ts';
import { type Api, apiOnMemory, startMs } from '../support/api.ts';
import { emptySinks, unthrottled } from './requests.ts';

interface Content {
  transactionId: string;
  userId: string;
  accountId: string;
  occurredAt: string;
  amountMinor: number;
  currency: string;
  channel: string;
  deviceId: string;
  merchantId: string;
  merchantCategory: string;
  ipAddress: string;
  beneficiaryId: string;
  instrumentId: string;
  location: { latitude: number; longitude: number };
  metadata: Record<string, string>;
}

const contentOf = (draw: SeededRandom, i: number): Content => ({
  transactionId: `r_${i}`,
  userId: `u_${draw.below(5)}`,
  accountId: `a_${draw.below(300)}`,
  occurredAt: new Date(startMs - draw.below(600_000)).toISOString(),
  amountMinor: 1 + draw.below(500_000),
  currency: draw.pick(['INR', 'USD', 'EUR']),
  channel: 'upi',
  deviceId: `d_${draw.below(9)}`,
  merchantId: `m_${draw.below(9)}`,
  merchantCategory: '5411',
  ipAddress: `2001:db8::${draw.below(9)}`,
  beneficiaryId: `payee.${draw.below(9)}@upi`,
  instrumentId: `card_${draw.below(9)}`,
  location: { latitude: draw.below(180) / 2 - 45, longitude: 77.59 },
  metadata: { order: `o_${i}`, 'gr\u00fc\u00df': '\u20ac/"\\' },
});

/** One change of content, and the JSON pointer that a 409 must name for it. */
const changes: readonly (readonly [pointer: string, change: (content: Content) => unknown])[] = [
  ['/userId', (content) => ({ ...content, userId: `${content.userId}x` })],
  ['/accountId', (content) => ({ ...content, accountId: `${content.accountId}x` })],
  ['/occurredAt', (content) => ({ ...content, occurredAt: new Date(Date.parse(content.occurredAt) - 1).toISOString() })],
  ['/occurredAt', (content) => ({ ...content, occurredAt: inOffset(content.occurredAt) })],
  ['/amountMinor', (content) => ({ ...content, amountMinor: content.amountMinor + 1 })],
  ['/currency', (content) => ({ ...content, currency: 'GBP' })],
  ['/channel', (content) => ({ ...content, channel: 'UPI' })],
  ['/channel', (content) => ({ ...content, channel: null })],
  ['/deviceId', (content) => ({ ...content, deviceId: undefined })],
  ['/merchantId', (content) => ({ ...content, merchantId: `${content.merchantId}.` })],
  ['/merchantCategory', (content) => ({ ...content, merchantCategory: '5412' })],
  ['/ipAddress', (content) => ({ ...content, ipAddress: '192.0.2.1' })],
  ['/beneficiaryId', (content) => ({ ...content, beneficiaryId: `${content.beneficiaryId}+1` })],
  ['/instrumentId', (content) => ({ ...content, instrumentId: null })],
  ['/location', (content) => ({ ...content, location: null })],
  [
    '/location/latitude',
    (content) => ({ ...content, location: { ...content.location, latitude: content.location.latitude + 0.001 } }),
  ],
  ['/metadata', (content) => ({ ...content, metadata: {} })],
  ['/metadata/order', (content) => ({ ...content, metadata: { ...content.metadata, order: 'o' } })],
  ['/metadata/extra', (content) => ({ ...content, metadata: { ...content.metadata, extra: '' } })],
  [
    '/metadata/gru\u0308\u00df',
    (content) => ({ ...content, metadata: { order: content.metadata.order, 'gru\u0308\u00df': 'x' } }),
  ],
];

/** The same instant written in another offset. */
function inOffset(text: string): string {
  return `${new Date(Date.parse(text) + 2 * 3_600_000).toISOString().slice(0, -1)}+02:00`;
}

/** The same content as other text: members in another order, characters as escapes, space between, numbers and nothing written otherwise. */
function rewritten(draw: SeededRandom, value: unknown): string {
  const space = (): string => draw.pick(['', '', ' ', '\n', '\t', '\r\n  ']);
  if (typeof value === 'string') {
    const characters = [...JSON.stringify(value).slice(1, -1).matchAll(/\\.|./gsu)].map(([text]) => text);
    return `"${characters.map((text) => (draw.fraction() < 0.2 ? asEscape(text) : text)).join('')}"`;
  }
  if (typeof value === 'object' && value !== null) {
    const members = draw
      .shuffled(Object.entries(value))
      .map(([key, inner]) => `${space()}${rewritten(draw, key)}${space()}:${space()}${rewritten(draw, inner)}`);
    return `{${members.join(`${space()},`)}${space()}}`;
  }
  if (typeof value === 'number' && !Number.isInteger(value) && draw.fraction() < 0.3) return `${value}000`;
  return JSON.stringify(value);
}

/** `text` is one character of a JSON string, or an escape. */
function asEscape(text: string): string {
  const character = JSON.parse(`"${text}"`) as string;
  return [...Array(character.length).keys()].map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
}

/** Sends each of `count` transactions three times: as it is, rewritten, and with one field changed. Returns what does not hold. */
export async function runRepeats(seed: number, count: number): Promise<string[]> {
  const draw = seededRandom(seed);
  const api = apiOnMemory({ throttle: unthrottled });
  const key = await api.newKey(scopes);
  const faults: string[] = [];
  const originals: { content: Content; answer: string }[] = [];
  const post = (body: string) => api.call({ method: 'POST', path: '/decisions', key, body });
  for (let i = 0; i < count; i++) {
    const content = contentOf(draw, i);
    const { status, result } = await post(JSON.stringify(content));
    if (status !== 200) faults.push(`transaction ${i} answers ${status}: ${result.body}`);
    originals.push({ content, answer: result.body });
    api.clock.advance(7);
  }
  const before = JSON.stringify(decisionsOf(api));
  emptySinks(api);
  for (const [i, { content, answer }] of originals.entries()) {
    const text = rewritten(draw, content);
    const { status, result } = await post(text);
    const repeated = JSON.stringify({ ...JSON.parse(answer), duplicate: true });
    if (status !== 200 || result.body !== repeated)
      faults.push(`repeat ${i} answers ${status} ${result.body} to ${text}, not ${repeated}`);
    const [pointer, change] = changes[i % changes.length]!;
    const conflict = await post(rewritten(draw, withoutUndefined(change(content))));
    const named = (conflict.body as { errors?: { pointer: string }[] }).errors?.map((error) => error.pointer);
    if (conflict.status !== 409 || named?.length !== 1 || named[0] !== pointer) {
      faults.push(`a change of ${pointer} answers ${conflict.status} and names ${named}`);
    }
    api.clock.advance(7);
  }
  // The attempt of a repeat is the one that its entities have counted already; that of another content is taken back.
  const written = api.sinks.writes.filter((write) => !(write.kind === 'put' ? write.item : write.key).pk.startsWith('G#'));
  if (written.length > 0) faults.push(`repeats write ${written.length} items`);
  if (JSON.stringify(decisionsOf(api)) !== before) faults.push('decisions were overwritten');
  return faults;
}

const withoutUndefined = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

const decisionsOf = (api: Api): unknown => api.items().filter(isDecisionItem);
