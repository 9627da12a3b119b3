import type { Construct } from 'constructs';
import type { prefixes } from '../shared/store/names.ts';

/** A kind of item: the name of its key prefix in `shared/store/names.ts`. */
export type ItemKind = keyof typeof prefixes;

/** What a role needs of the data key to write. */
export const writingKeyActions = ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'];

/** Throws an Error for audit entries: they are written once, and no function may change or delete them. */
export const changeable = (scope: Construct, verb: string, kinds: readonly ItemKind[]): readonly ItemKind[] => {
  if (kinds.includes('audit')) throw new Error(`${scope.node.path}: items of kind audit can never be ${verb}`);
  return kinds;
};
