import type { SQSRecord } from 'aws-lambda';
import { scopes } from '../../shared/contract/routes.ts';
import { defaultPolicy } from '../../shared/policy/default.ts';
import { messageAttributes } from '../../shared/store/names.ts';
import { type SeededRandom, seededRandom } from '../../shared/store/random.ts';
import { apiOnMemory, startMs } from '../support/api.ts';
import { eventOf, type Sent } from '../support/http.ts';
import { cardNumber, disguised, holds } from './cardNumbers.ts';
import { emptySinks, unthrottled } from './requests.ts';

/** A request with the number in one place. `statuses`: the answers to expect, 400 if not given; where it is replaced or ignored, those of success. */
type Place = (card: string, draw: SeededRandom) => { readonly sent: Sent; readonly statuses?: readonly number[] };

const transaction = (draw: SeededRandom): Record<string, unknown> => ({
  transactionId: `c${draw.below(2 ** 31)}`,
  userId: 'u_1',
  accountId: 'a_1',
  occurredAt: new Date(startMs).toISOString(),
  amountMinor: 100,
  currency: 'USD',
});

/** JSON with some characters written as escapes. */
function escaped(draw: SeededRandom, value: unknown): string {
  const text = JSON.stringify(value);
  if (draw.fraction() < 0.6) return text;
  return text.replace(/[0-9\u0080-\uffff]/g, (character, at: number) =>
    draw.fraction() < 0.3 && text[at - 1] !== '\\' && isInString(text, at)
      ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
      : character,
  );
}

/** By the quotes before it: none of the texts written here holds one. */
const isInString = (text: string, at: number): boolean => (text.slice(0, at).split('"').length - 1) % 2 === 1;

/** What a transaction can hide a text in. */
const inTransaction: readonly ((card: string, draw: SeededRandom) => unknown)[] = [
  ...[
    'transactionId',
    'userId',
    'accountId',
    'occurredAt',
    'currency',
    'channel',
    'deviceId',
    'merchantId',
    'merchantCategory',
    'ipAddress',
    'beneficiaryId',
    'instrumentId',
    'amountMinor',
    'location',
    'metadata',
  ].map((field) => (card: string, draw: SeededRandom) => ({ ...transaction(draw), [field]: card })),
  (card, draw) => ({ ...transaction(draw), metadata: { [card.slice(0, 64)]: 'v' } }),
  (card, draw) => ({ ...transaction(draw), metadata: { k: card } }),
  (card, draw) => ({ ...transaction(draw), metadata: { k: [card] } }),
  (card, draw) => ({ ...transaction(draw), metadata: { k: { deep: [{ deeper: card }] } } }),
  (card, draw) => ({ ...transaction(draw), metadata: { k: '.'.repeat(300) + card } }),
  (card, draw) => ({ ...transaction(draw), location: { latitude: card, longitude: 1 } }),
  (card, draw) => ({ ...transaction(draw), location: { latitude: 1, longitude: 1, [card]: 1 } }),
  (card, draw) => ({ ...transaction(draw), [card]: 1 }),
  (card, draw) => ({ ...transaction(draw), extra: [[[card]]] }),
  (card, draw) => ({ ...transaction(draw), deviceId: { [card]: card } }),
  (card) => card,
  (card) => [card],
  (card) => ({ [card]: [card] }),
];

const post = (path: string, body: string): Sent => ({ method: 'POST', path, body });

const places: readonly Place[] = [
  ...inTransaction.flatMap((make): Place[] => [
    (card, draw) => ({ sent: post('/transactions', escaped(draw, make(card, draw))) }),
    (card, draw) => ({ sent: post('/decisions', escaped(draw, make(card, draw))) }),
    (card, draw) => ({ sent: post('/transactions/batch', escaped(draw, { transactions: [make(card, draw)] })) }),
  ]),
  (card, draw) => ({ sent: post('/transactions/batch', escaped(draw, { transactions: [transaction(draw)], [card]: 1 })) }),
  (card, draw) => ({ sent: post('/transactions/batch', escaped(draw, { transactions: card })) }),
  (card) => ({ sent: post('/decisions', `{"userId": ${card}`) }),
  (card) => ({ sent: post('/transactions', `{"a":"${card}","a":1}`) }),
  (card) => ({ sent: post('/transactions', `{"a":"${card}\\ud800"}`) }),
  (card, draw) => ({ sent: post('/decisions/known/review', escaped(draw, { disposition: 'UNSURE', note: card })) }),
  (card, draw) => ({ sent: post('/decisions/known/review', escaped(draw, { disposition: card })) }),
  (card, draw) => ({ sent: post('/decisions/known/review', escaped(draw, { disposition: 'UNSURE', [card]: { [card]: 1 } })) }),
  (card) => ({ sent: post(`/decisions/${encodeURIComponent(card)}/review`, '{"disposition":"UNSURE"}') }),
  (card, draw) => ({
    sent: { method: 'PUT', path: '/policy', body: escaped(draw, { policy: { ...defaultPolicy, [card]: 1 }, status: 'draft' }) },
  }),
  (card, draw) => ({ sent: { method: 'PUT', path: '/policy', body: escaped(draw, { policy: card, status: card }) } }),
  (card, draw) => ({
    sent: { method: 'PUT', path: '/policy', body: escaped(draw, { policy: defaultPolicy, status: 'draft', ifVersion: card }) },
  }),
  (card) => ({ sent: { method: 'PUT', path: `/lists/blockedAccounts/${encodeURIComponent(card)}` } }),
  (card) => ({ sent: { method: 'PUT', path: `/lists/${encodeURIComponent(card)}/x` } }),
  (card, draw) => ({ sent: { method: 'PUT', path: '/lists/blockedAccounts/x', body: escaped(draw, { expiresAt: card }) } }),
  (card, draw) => ({
    sent: { method: 'PUT', path: '/lists/blockedAccounts/x', body: escaped(draw, { note: `paid by ${card}` }) },
  }),
  (card, draw) => ({ sent: post('/decisions/known/review', escaped(draw, { disposition: 'UNSURE', source: card })) }),
  (card, draw) => ({ sent: post('/policy/lint', escaped(draw, { policy: { ...defaultPolicy, [card]: card } })) }),
  ...(['claim', 'release', 'dispose'] as const).map(
    (what): Place =>
      (card) => ({ sent: post(`/reviews/${encodeURIComponent(card)}/${what}`, '{"disposition":"UNSURE"}') }),
  ),
  (card, draw) => ({
    sent: post('/reviews/rev_000000000000000000000000/dispose', escaped(draw, { disposition: 'UNSURE', note: card })),
  }),
  (card, draw) => ({
    sent: post('/reviews/rev_000000000000000000000000/dispose', escaped(draw, { disposition: 'UNSURE', transactionIds: [card] })),
  }),
  (card, draw) => ({ sent: post('/policy/versions/2/approval', escaped(draw, { note: card })) }),
  (card) => ({ sent: post(`/policy/versions/${encodeURIComponent(card)}/approval`, '{}') }),
  (card) => ({ sent: { method: 'DELETE', path: `/lists/blockedAccounts/${encodeURIComponent(card)}` } }),
  ...[
    '/decisions/CARD',
    '/accounts/CARD/decision',
    '/accounts/CARD/decisions',
    '/accounts/CARD/audit',
    '/policy/versions/CARD',
    '/users/CARD/accounts',
    '/lists/CARD',
  ].map(
    (path): Place =>
      (card) => ({ sent: { path: path.replace('CARD', encodeURIComponent(card)) } }),
  ),
  (card) => ({ sent: { path: `/docs/${encodeURIComponent(card)}` } }),
  (card) => ({ sent: { path: `/${encodeURIComponent(card)}/x` }, statuses: [404] }),
  (card) => ({ sent: { path: '/search', query: { q: [card] } } }),
  (card) => ({ sent: { path: '/reviews', query: { assignee: [card] } } }),
  ...['limit', 'cursor', 'outcome', 'signal', 'from', 'minScore', 'other'].map(
    (name): Place =>
      (card) => ({ sent: { path: '/decisions/latest', query: { [name]: [card] } } }),
  ),
  (card) => ({ sent: { path: '/decisions/latest', query: { [card]: ['x'] } } }),
  (card) => ({ sent: { path: '/accounts/a_1/audit', query: { userId: [card, card] } } }),
  (card) => ({ sent: { path: '/health', query: { [card]: [card] } } }),
  (card) => ({ sent: { path: '/policy', headers: { Authorization: `Bearer ${card}` } }, statuses: [401] }),
  (card) => ({ sent: { path: '/policy', headers: { Authorization: `Bearer aegis_acme_${card}` } }, statuses: [401] }),
  (card) => ({ sent: { method: card, path: '/policy' }, statuses: [405] }),
  (card, draw) => ({
    sent: { ...post('/transactions', JSON.stringify(transaction(draw))), headers: { 'x-correlation-id': card } },
    statuses: [202],
  }),
  (card, draw) => ({
    sent: { ...post('/decisions', JSON.stringify(transaction(draw))), headers: { 'x-correlation-id': card } },
    statuses: [200],
  }),
  (card, draw) => ({
    sent: {
      ...post('/transactions', JSON.stringify(transaction(draw))),
      headers: { 'user-agent': card, 'x-forwarded-for': card, [card]: card },
    },
    statuses: [202],
  }),
  (card, draw) => ({
    sent: { ...post('/decisions', JSON.stringify(transaction(draw))), headers: { 'Content-Type': `text/plain; card=${card}` } },
    statuses: [415],
  }),
];

/** Requests that hide a card number: none may reach a store, a queue, a log line or an answer. Returns what does not hold. */
export async function runCardNumbers(seed: number, count: number): Promise<string[]> {
  const draw = seededRandom(seed);
  const api = apiOnMemory({ throttle: unthrottled });
  const key = await api.newKey(scopes);
  await api.call({ ...post('/decisions', JSON.stringify({ ...transaction(draw), transactionId: 'known' })), key });
  emptySinks(api);
  const faults: string[] = [];
  for (let i = 0; i < count; i++) {
    const digits = cardNumber(draw);
    const place = i % places.length;
    const { sent, statuses = [400] } = places[place]!(disguised(draw, digits), draw);
    api.clock.advance(1);
    const { statusCode, headers, body } = await api.handle(eventOf({ key, ...sent }));
    const problem = statuses.includes(statusCode) ? [] : [`answers ${statusCode}`];
    if (statusCode >= 300 && api.sinks.writes.length + api.sinks.queued.length > 0) problem.push('is stored or queued');
    for (const [sink, held] of [...Object.entries(api.sinks), ['the answer', [headers, body]] as const]) {
      if (held.length > 0 && holds(held, digits)) problem.push(`reaches ${sink}`);
    }
    emptySinks(api);
    if (problem.length > 0)
      faults.push(
        `card number ${i} of seed ${seed}: place ${place} ${problem.join(', ')}: ${JSON.stringify(sent).slice(0, 300)}`,
      );
    if (i % emptiedEvery === 0)
      await api.keepOnly(({ pk, sk }) => pk.startsWith('K#') || pk.endsWith('#known') || sk === 'CURRENT');
    emptySinks(api);
  }
  return faults;
}

const emptiedEvery = 10_000;
const recordsAtOnce = 10;

/** The same on the queue, put there by somebody else. */
export async function runQueuedCardNumbers(seed: number, count: number): Promise<string[]> {
  const draw = seededRandom(seed);
  const api = apiOnMemory();
  const faults: string[] = [];
  for (let i = 0; i < count; i += recordsAtOnce) {
    const cards = Array.from({ length: recordsAtOnce }, () => cardNumber(draw));
    const records = cards.map((digits, at) => queued(draw, disguised(draw, digits), i + at));
    api.clock.advance(1);
    const { batchItemFailures } = await api.score(records.map(({ record }) => record));
    const { writes, buried, logged } = api.sinks;
    const poison = records.filter(({ isPoison }) => isPoison).length;
    const problem: string[] = [];
    if (batchItemFailures.length > 0) problem.push(`${batchItemFailures.length} fail`);
    if (buried.length !== poison) problem.push(`${buried.length} of ${poison} are dead letters`);
    const decided = writes.filter((write) => write.kind === 'put' && write.item.pk.startsWith('D#')).length;
    if (decided !== recordsAtOnce - poison) problem.push(`${decided} of ${recordsAtOnce - poison} are decided`);
    for (const digits of cards) {
      for (const [sink, held] of Object.entries({ writes, buried, logged })) {
        if (held.length > 0 && holds(held, digits)) problem.push(`${digits} reaches ${sink}`);
      }
    }
    emptySinks(api);
    if (problem.length > 0) faults.push(`queued card numbers ${i} of seed ${seed}: ${problem.join(', ')}`);
    if (i % emptiedEvery === 0) await api.keepOnly(() => false);
    emptySinks(api);
  }
  return faults;
}

function queued(draw: SeededRandom, card: string, number: number): { readonly record: SQSRecord; readonly isPoison: boolean } {
  const place = draw.below(inTransaction.length + 4) - 4;
  const valid = JSON.stringify(transaction(draw));
  const attributes: Record<string, string> = { [messageAttributes.correlationId]: `c-${number}` };
  let body = valid;
  if (place === -4) attributes[messageAttributes.correlationId] = card;
  else if (place === -3) attributes[messageAttributes.tenant] = card;
  else if (place === -2) attributes[messageAttributes.receivedAt] = card;
  else if (place === -1) body = `${valid}${card}`;
  else body = escaped(draw, inTransaction[place]!(card, draw));
  const record = {
    messageId: `m${number}`,
    body,
    attributes: { SentTimestamp: String(startMs), ApproximateReceiveCount: '1' },
    messageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, stringValue]) => [name, { stringValue, dataType: 'String' }]),
    ),
  } as unknown as SQSRecord;
  return { record, isPoison: place !== -4 };
}

const tokenAlphabets = [
  '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
  '0123456789ABCDEFGHJKMNPQRSTVWXYZ',
  '0123456789abcdef',
];
const rowsAtOnce = 500;

/** Random tokens of letters and digits as identifiers. Returns how many were refused. */
export async function runTokens(seed: number, count: number): Promise<number> {
  const draw = seededRandom(seed);
  const api = apiOnMemory({ throttle: unthrottled });
  const key = await api.newKey(['ingest']);
  let refused = 0;
  for (let sent = 0; sent < count; sent += rowsAtOnce) {
    const transactions = Array.from({ length: Math.min(rowsAtOnce, count - sent) }, () => ({
      ...transaction(draw),
      transactionId: token(draw),
      metadata: { reference: token(draw) },
    }));
    const { body } = await api.call({ ...post('/transactions/batch', JSON.stringify({ transactions })), key });
    refused += (body as { rejected: number }).rejected;
    emptySinks(api);
  }
  return refused;
}

function token(draw: SeededRandom): string {
  const alphabet = draw.pick(tokenAlphabets);
  return Array.from({ length: 8 + draw.below(57) }, () => alphabet[draw.below(alphabet.length)]).join('');
}
