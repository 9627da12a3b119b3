import { defaultTracked, isOwnKind, type OwnKind } from '../domain/entities.ts';
import type { Policy } from '../domain/policy.ts';

export interface Tracked {
  readonly kinds: ReadonlySet<string>;
  /** Those that the policy adds. */
  readonly own: readonly OwnKind[];
}

/** The kinds that a policy's payments are counted on. */
export const trackedBy = ({ entities = defaultTracked }: Pick<Policy, 'entities'>): Tracked => ({
  kinds: new Set(entities.map((tracked) => (isOwnKind(tracked) ? tracked.kind : tracked))),
  own: entities.filter(isOwnKind),
});
