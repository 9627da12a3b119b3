import type { WireItemOf } from '../../../shared/contract/wire.ts';
import { dayOf } from '../../../shared/domain/entityFigures.ts';
import { formatInstant } from '../../../shared/domain/time.ts';
import type { AnswerWithoutBody } from '../../../shared/edge/request.ts';
import { accountInPlace, dayInPlace, lookupDays } from '../../../shared/entities/lookup.ts';
import type { Item, TableStore } from '../../../shared/ports/ports.ts';
import type { MasterSecret } from '../../../shared/secrets/masterSecret.ts';
import { dayPlace, entityLookupKey } from '../../../shared/store/names.ts';
import { inParallel } from '../../../shared/store/parallel.ts';
import { pageBody, pageRequest } from '../pages.ts';
import { accountDay } from './accountDay.ts';
import { type Named, namedIn, neverSeen } from './named.ts';

/** Notes looked at for one page: so a page may be short. */
const notesMax = 200;
const atOnce = 10;

const isPlace = (text: string): boolean => /^\d{6}#\d{1,12}$/.test(text);

/**
 * `GET /entities/{kind}/{id}/accounts`: the accounts of the last 30 days, that with the newest day first. Each costs about 15 read units:
 * its notes of all days are read by their keys. 404 for an entity without notes.
 */
export const getEntityAccounts =
  (table: TableStore, masterSecret: MasterSecret): AnswerWithoutBody =>
  async (request) => {
    const { limit, after } = pageRequest(request, isPlace);
    const entity = await namedIn(masterSecret, request);
    const today = dayOf(request.receivedAtMs);
    const page = await table.query({
      pk: entity.notes,
      from: dayPlace(today - lookupDays),
      ...(after !== null && { after }),
      descending: true,
      limit: Math.min(notesMax, limit),
    });
    const isKnown =
      page.items.length > 0 || after !== null || (await table.query({ pk: entity.notes, limit: 1 })).items.length > 0;
    if (!isKnown) throw neverSeen(entity.kind, entity.id);
    const accounts = await inParallel(page.items, atOnce, (note) => accountOf(table, entity, note, today));
    const items = accounts.filter((account) => account !== null);
    return { status: 200, body: pageBody(request, items, page.after === undefined ? undefined : page.items.at(-1)!.sk) };
  };

/** The account of a note; null unless it is the newest of the account, and where nothing is left of it. */
async function accountOf(
  table: TableStore,
  entity: Named,
  note: Item,
  today: number,
): Promise<WireItemOf<'EntityAccountPage'> | null> {
  const { tenant, kind, digest } = entity;
  // A decision may be a little ahead of this clock.
  const days = Array.from({ length: lookupDays + 2 }, (_, i) => today - lookupDays + i);
  const keys = days.map((day) => entityLookupKey(tenant, kind, digest, day, accountInPlace(note.sk)));
  const notes = (await table.getMany(keys)).filter((found) => found !== null);
  if (notes.some(({ sk }) => dayInPlace(sk) > dayInPlace(note.sk))) return null;
  const first = notes[0] ?? note;
  const [firstDay, lastDay] = await Promise.all([
    accountDay(table, entity, first, null),
    first.sk === note.sk ? null : accountDay(table, entity, note, null),
  ]);
  const decisions = [...firstDay.decisions, ...(lastDay?.decisions ?? [])];
  if (decisions.length === 0) return null;
  const { userId, accountId } = decisions[0]!.transaction;
  const times = decisions.map(({ decidedAtMs }) => decidedAtMs);
  return {
    userId,
    accountId,
    firstSeenAt: formatInstant(Math.min(...times)),
    lastSeenAt: formatInstant(Math.max(...times)),
  };
}
