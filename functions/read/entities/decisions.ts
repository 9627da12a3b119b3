import { renderDecisionItem } from '../../../shared/contract/render.ts';
import type { Decision } from '../../../shared/domain/decision.ts';
import { dayOf } from '../../../shared/domain/entityFigures.ts';
import type { AnswerWithoutBody } from '../../../shared/edge/request.ts';
import { lookupDays } from '../../../shared/entities/lookup.ts';
import type { TableStore } from '../../../shared/ports/ports.ts';
import { entryOf } from '../../../shared/projection/feed.ts';
import type { MasterSecret } from '../../../shared/secrets/masterSecret.ts';
import { dayPlace } from '../../../shared/store/names.ts';
import { inParallel } from '../../../shared/store/parallel.ts';
import { pageBody, pageRequest } from '../pages.ts';
import { accountDay } from './accountDay.ts';
import { type Named, namedIn, neverSeen } from './named.ts';

/** Notes looked up for one page: so a page may be short. */
const notesMax = 40;
const atOnce = 10;

/** A note, and the last entry of it that was answered; null: all of it was. */
interface Place {
  readonly note: string;
  readonly sequence: number | null;
}

const placeText = ({ note, sequence }: Place): string => `${note}#${sequence ?? ''}`;

const placeOf = (text: string): Place | null => {
  const parts = /^(\d{6}#\d{1,12})#(\d{0,12})$/.exec(text);
  return parts === null ? null : { note: parts[1]!, sequence: parts[2] === '' ? null : Number(parts[2]) };
};

/** `GET /entities/{kind}/{id}/decisions`: those of the last 30 days, newest day first. 404 for an entity without notes. */
export const getEntityDecisions =
  (table: TableStore, masterSecret: MasterSecret): AnswerWithoutBody =>
  async (request) => {
    const { limit, after } = pageRequest(request, (text) => placeOf(text) !== null);
    const entity = await namedIn(masterSecret, request);
    const place = after === null ? null : placeOf(after);
    const { found, next, isKnown } = await pageOf(table, entity, place, limit, request.receivedAtMs);
    if (after === null && !isKnown) throw neverSeen(entity.kind, entity.id);
    const newestFirst = found.toSorted((a, b) => b.decidedAtMs - a.decidedAtMs);
    const items = newestFirst.map((decision) => renderDecisionItem(entryOf(decision)));
    return { status: 200, body: pageBody(request, items, next === null ? undefined : placeText(next)) };
  };

async function pageOf(
  table: TableStore,
  { notes: pk, ...rest }: Named,
  place: Place | null,
  limit: number,
  nowMs: number,
): Promise<{ readonly found: readonly Decision[]; readonly next: Place | null; readonly isKnown: boolean }> {
  const entity = { notes: pk, ...rest };
  const resumed = place !== null && place.sequence !== null ? place : null;
  const page = await table.query({
    pk,
    from: dayPlace(dayOf(nowMs) - lookupDays),
    ...(resumed !== null && { to: resumed.note }),
    ...(place !== null && resumed === null && { after: place.note }),
    descending: true,
    limit: Math.min(notesMax, limit),
  });
  if (page.items.length === 0) {
    const isKnown = place !== null || (await table.query({ pk, limit: 1 })).items.length > 0;
    return { found: [], next: null, isKnown };
  }
  const found: Decision[] = [];
  for (let at = 0; at < page.items.length; at += atOnce) {
    const some = page.items.slice(at, at + atOnce);
    const days = await inParallel(some, atOnce, (note) =>
      accountDay(table, entity, note, note.sk === resumed?.note ? resumed.sequence : null),
    );
    for (const [i, { decisions, goesOnAfter }] of days.entries()) {
      const note = some[i]!.sk;
      const left = limit - found.length;
      found.push(...decisions.slice(0, left));
      if (decisions.length > left) {
        const last = decisions[left - 1];
        const next =
          last === undefined ? { note: page.items[at + i - 1]!.sk, sequence: null } : { note, sequence: last.sequence };
        return { found, next, isKnown: true };
      }
      if (goesOnAfter !== null) return { found, next: { note, sequence: goesOnAfter }, isKnown: true };
    }
  }
  const last = page.items.at(-1)!.sk;
  return { found, next: page.after === undefined ? null : { note: last, sequence: null }, isKnown: true };
}
