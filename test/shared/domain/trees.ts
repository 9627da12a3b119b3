import { leafMark } from '../../../shared/domain/forest.ts';

/** A tree as a person writes it; `flat` lays trees out as the engine reads them. */
export type BranchOrLeaf =
  | { readonly kind: 'leaf'; readonly value: number }
  | {
      readonly kind: 'split';
      readonly column: number;
      readonly threshold: number;
      readonly expected: number;
      readonly left: BranchOrLeaf;
      readonly right: BranchOrLeaf;
    };

export const leaf = (value: number): BranchOrLeaf => ({ kind: 'leaf', value });

export const split = (
  column: number,
  threshold: number,
  expected: number,
  left: BranchOrLeaf,
  right: BranchOrLeaf,
): BranchOrLeaf => ({ kind: 'split', column, threshold, expected, left, right });

/** Depth first, a left child right after its parent; a leaf expects what it holds. */
export const flat = (trees: readonly BranchOrLeaf[]) => {
  const nodes: { column: number; threshold: number; right: number; expected: number }[] = [];
  const add = (tree: BranchOrLeaf): number => {
    const at = nodes.length;
    if (tree.kind === 'leaf') {
      nodes.push({ column: leafMark, threshold: tree.value, right: 0, expected: tree.value });
      return at;
    }
    const node = { column: tree.column, threshold: tree.threshold, right: 0, expected: tree.expected };
    nodes.push(node);
    add(tree.left);
    node.right = add(tree.right);
    return at;
  };
  const roots = Uint32Array.from(trees, add);
  return {
    roots,
    column: Uint8Array.from(nodes, ({ column }) => column),
    threshold: Float64Array.from(nodes, ({ threshold }) => threshold),
    right: Uint32Array.from(nodes, ({ right }) => right),
    expected: Float64Array.from(nodes, ({ expected }) => expected),
  };
};
