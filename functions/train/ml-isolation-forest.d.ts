declare module 'ml-isolation-forest' {
  /** As grown: inner nodes have both children, leaves have neither. */
  export interface TreeNode {
    readonly left?: TreeNode;
    readonly right?: TreeNode;
    readonly splitColumn?: number;
    readonly splitValue?: number;
  }
  export class IsolationForest {
    constructor(options: { readonly nEstimators: number });
    readonly forest: readonly TreeNode[];
    train(rows: readonly (readonly number[])[]): void;
  }
}
