import type { Cause, Degradation } from './decision.ts';
import type { DecidedEntities, EntityFigures } from './entityFigures.ts';
import { ipNetwork } from './ipAddress.ts';
import type { Transaction } from './transaction.ts';

/** What accounts can have in common. Stored rows name a kind by its position: append only. */
export const entityKinds = ['device', 'ip', 'beneficiary', 'instrument'] as const;

export type EntityKind = (typeof entityKinds)[number];

/** A kind that a policy adds: its entities are the values of a metadata key. */
export interface OwnKind {
  readonly kind: string;
  readonly metadata: string;
}

export type TrackedKind = EntityKind | OwnKind;

/** Tracked where a policy does not say. */
export const defaultTracked: readonly TrackedKind[] = entityKinds;

export const isOwnKind = (tracked: TrackedKind): tracked is OwnKind => typeof tracked !== 'string';

export interface Entity {
  readonly kind: string;
  /** As it is counted: an address by its network. */
  readonly id: string;
}

/** The entities that a payment names, those of `own` kinds included. */
export function entitiesOf(transaction: Transaction, own: readonly OwnKind[]): readonly Entity[] {
  const { deviceId, ipAddress, beneficiaryId, instrumentId, metadata } = transaction;
  const ids: Readonly<Record<EntityKind, string | null>> = {
    device: deviceId,
    ip: ipAddress === null ? null : ipNetwork(ipAddress),
    beneficiary: beneficiaryId,
    instrument: instrumentId,
  };
  const found: Entity[] = [];
  for (const kind of entityKinds) if (ids[kind] !== null) found.push({ kind, id: ids[kind] });
  for (const { kind, metadata: key } of own) {
    const id = metadata !== null && Object.hasOwn(metadata, key) ? metadata[key]! : null;
    if (id !== null) found.push({ kind, id });
  }
  return found;
}

/** Figures, or why there are none. */
export type EntityReading =
  | { readonly kind: string; readonly figures: EntityFigures; readonly cause: null }
  | { readonly kind: string; readonly figures: null; readonly cause: Cause };

/** What stands in `degraded` for an entity without figures. */
export const entityPart = (kind: string): string => `ENTITY:${kind}`;

/** The readings that a decision was made with, from what it says of them. */
export const entityReadings = (
  entities: DecidedEntities | null | undefined,
  degraded: readonly Degradation[],
): readonly EntityReading[] =>
  Object.entries(entities ?? {}).map(([kind, figures]) => {
    if (figures !== null) return { kind, figures, cause: null };
    const cause = degraded.find(({ part }) => part === entityPart(kind))?.cause;
    return { kind, figures, cause: cause ?? 'NOT_AVAILABLE' };
  });
