/** What a measurement and the process of the local stack say to each other. */

/** The first message of the stack. */
export interface StackAddress {
  readonly url: string;
  readonly key: string;
  readonly dynamodb: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The stack answers with the same word once it is done. */
export type StackRequest = 'projected';
