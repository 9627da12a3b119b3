/** A person: a user, of all accounts or of one. */
export interface Subject {
  readonly userId: string;
  /** Null: of every account. */
  readonly accountId: string | null;
}
