import { dayOf, type EntityDay, entityFiguresAt } from '../../../shared/domain/entityFigures.ts';
import { noFigures } from '../../../shared/domain/merchant.ts';
import { trafficFigures } from '../../../shared/domain/merchantTraffic.ts';
import { formatInstant } from '../../../shared/domain/time.ts';
import type { AnswerWithoutBody, ApiRequest } from '../../../shared/edge/request.ts';
import { dayInPlace } from '../../../shared/entities/lookup.ts';
import { attemptsIn, marksIn, type NamedAttempt } from '../../../shared/entities/record.ts';
import { figuresFromItem, seenFromItem, trafficFromItem } from '../../../shared/ledger/merchants.ts';
import { loadActivePolicy } from '../../../shared/policy/store.ts';
import type { Item, TableStore } from '../../../shared/ports/ports.ts';
import type { MasterSecret } from '../../../shared/secrets/masterSecret.ts';
import {
  dayPlace,
  entityDayKey,
  entityLookupKey,
  entityMarksKey,
  merchantKey,
  merchantTrafficKey,
} from '../../../shared/store/names.ts';
import { inParallel } from '../../../shared/store/parallel.ts';
import { accountDay } from './accountDay.ts';
import { idIn, type Named, namedIn, neverSeen } from './named.ts';

/** Accounts of the newest day whose decisions are read to find the last one, and accounts of the newest attempts beside them. */
const newestNotes = 20;
const newestAttempts = 10;
const atOnce = 10;
/** Days of attempts that windows may touch, and the marks. */
const recordsMax = 10;

/** `GET /entities/{kind}/{id}`: what is known of an entity now. 404 for one that was never seen. */
export const getEntity =
  (table: TableStore, masterSecret: MasterSecret): AnswerWithoutBody =>
  async (request) => ({
    status: 200,
    body:
      request.parameters.kind === 'merchant'
        ? await merchantNow(table, request)
        : await entityNow(table, await namedIn(masterSecret, request), request.receivedAtMs),
  });

async function entityNow(table: TableStore, entity: Named, nowMs: number) {
  const { tenant, kind, id, digest } = entity;
  const [records, { policy }] = await Promise.all([recordsOf(table, entity, nowMs), loadActivePolicy(table, tenant, nowMs)]);
  const [oldest, newest] = await Promise.all([
    table.query({ pk: entity.notes, limit: 1 }),
    table.query({ pk: entity.notes, descending: true, limit: newestNotes }),
  ]);
  const first = oldest.items[0];
  const last = newest.items[0];
  if (first === undefined || last === undefined) throw neverSeen(kind, id);
  const day = dayInPlace(last.sk);
  const attempts = records.days.flatMap((of) => of.attempts).toSorted((a, b) => b.atMs - a.atMs);
  const keys = [...new Set(attempts.slice(0, newestAttempts).map(({ account }) => account))].map((account) =>
    entityLookupKey(tenant, kind, digest, day, account),
  );
  const ofAttempts = keys.length === 0 ? [] : (await table.getMany(keys)).filter((note) => note !== null);
  const ofDay = newest.items.filter(({ sk }) => dayInPlace(sk) === day);
  const notes = [...new Map([...ofDay, ...ofAttempts, first].map((note) => [note.sk, note])).values()];
  const days = await inParallel(notes, atOnce, (note) => accountDay(table, entity, note, null));
  const times = days.flatMap(({ decisions }) => decisions.map(({ decidedAtMs }) => decidedAtMs));
  if (times.length === 0) throw neverSeen(kind, id);
  return {
    kind,
    id,
    asOf: formatInstant(nowMs),
    figures: entityFiguresAt(nowMs, policy.baseCurrency, records.days, records.marks),
    firstSeenAt: formatInstant(Math.min(...times)),
    lastSeenAt: formatInstant(Math.max(...times)),
  };
}

interface NamedDay extends EntityDay {
  readonly attempts: readonly NamedAttempt[];
}

async function recordsOf(table: TableStore, { tenant, kind, digest }: Named, nowMs: number) {
  const { pk } = entityDayKey(tenant, kind, digest, 0);
  const marks = entityMarksKey(tenant, kind, digest);
  const { items } = await table.query({ pk, from: dayPlace(dayOf(nowMs) - 1), to: marks.sk, limit: recordsMax });
  const isMarks = ({ sk }: Item): boolean => sk === marks.sk;
  const days: NamedDay[] = items
    .filter((item) => !isMarks(item))
    .map((item) => ({ day: Number(item.sk), ...attemptsIn(item, Number(item.sk)) }));
  return { days, marks: marksIn(items.find(isMarks) ?? null) };
}

async function merchantNow(table: TableStore, request: ApiRequest) {
  const { tenant, receivedAtMs } = request;
  const id = idIn(request);
  const { pk, sk } = merchantKey(tenant, id);
  const { items } = await table.query({ pk, limit: 2 });
  if (items.length === 0) throw neverSeen('merchant', id);
  const ofLabels = items.find((item) => item.sk === sk);
  const ofTraffic = items.find((item) => item.sk === merchantTrafficKey(tenant, id).sk);
  const seen = ofTraffic === undefined ? null : seenFromItem(ofTraffic);
  return {
    kind: 'merchant',
    id,
    asOf: formatInstant(receivedAtMs),
    figures: {
      ...(ofLabels === undefined ? noFigures : figuresFromItem(ofLabels)),
      ...(ofTraffic !== undefined && trafficNow(ofTraffic, receivedAtMs)),
    },
    firstSeenAt: seen === null ? null : formatInstant(seen.firstMs),
    lastSeenAt: seen === null ? null : formatInstant(seen.lastMs),
  };
}

const trafficNow = (item: Item, nowMs: number) => {
  const { asOfMs, ...figures } = trafficFigures(trafficFromItem(item), nowMs);
  return { ...figures, trafficAsOf: formatInstant(asOfMs) };
};
