import { list, orNull, record, unsigned } from '../domain/codecs.ts';
import { entityKinds } from '../domain/entities.ts';
import { type DecidedEntities, type EntityFigures, inOrder } from '../domain/entityFigures.ts';
import { type Codec, fieldsOf } from '../domain/fields.ts';

/** How the figures of a payment's entities are packed in DECISION and AUDIT items. */

/** The format that brought a payment's entities. */
export const entityFormat = 3;

/** Stands for a policy's own kind, by name. */
const ownKind = 255;

const kindName: Codec<string> = {
  write: (writer, kind) => {
    const position = (entityKinds as readonly string[]).indexOf(kind);
    if (position >= 0) writer.byte(position);
    else writer.byte(ownKind).text(kind);
  },
  read: (reader) => {
    const position = reader.byte();
    const kind = position === ownKind ? reader.text() : entityKinds[position];
    if (kind === undefined) throw new RangeError(`the kind of entity ${position} is not known`);
    return kind;
  },
};

const ofFigures = fieldsOf<EntityFigures>();
const packedFigures = record([
  ofFigures.bits(
    ofFigures.present('amount24hMinor'),
    ofFigures.flag('amountPartial'),
    ofFigures.flag('late'),
    ofFigures.flag('saturated'),
  ),
  ofFigures.field('accounts1h', unsigned),
  ofFigures.field('accounts24h', unsigned),
  ofFigures.field('payments1h', unsigned),
  ofFigures.field('payments24h', unsigned),
  ofFigures.optional('amount24hMinor', unsigned),
  ofFigures.field('frauds', unsigned),
]);

/** Their members in the order of the type, so that a repeat reads as the first answer did. */
const figures: Codec<EntityFigures> = {
  write: packedFigures.write,
  read: (reader, row, layout) => inOrder(packedFigures.read(reader, row, layout)),
};

interface DecidedEntity {
  readonly kind: string;
  readonly figures: EntityFigures | null;
}
const ofEntity = fieldsOf<DecidedEntity>();
const entityList = list(record([ofEntity.field('kind', kindName), ofEntity.field('figures', orNull(figures))]));

/** None for null. */
export const entities: Codec<DecidedEntities | null> = {
  write: (writer, byKind, row, layout) =>
    entityList.write(
      writer,
      Object.entries(byKind ?? {}).map(([kind, of]) => ({ kind, figures: of })),
      row,
      layout,
    ),
  read: (reader, row, layout) => {
    const read = entityList.read(reader, row, layout);
    return read.length === 0 ? null : Object.fromEntries(read.map(({ kind, figures: of }) => [kind, of]));
  },
};
