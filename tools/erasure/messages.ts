import { defaultTenant, messageAttributes } from '../../shared/store/names.ts';
import type { Subject } from './subject.ts';

export interface ParkedMessage {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A queue in which messages wait for a person. */
export interface ParkedQueue {
  /** Replaces each message for which `change` gives another; the rest stays. Returns how many were replaced. */
  rewrite(change: (message: ParkedMessage) => ParkedMessage | null): Promise<number>;
}

/** Replaces the subjects' waiting messages by messages that say so and keep the transaction's id. Returns how many. */
export async function eraseMessages(
  queues: readonly ParkedQueue[],
  tenant: string,
  subjects: readonly Subject[],
): Promise<number> {
  const patterns = subjects.map(({ userId, accountId }) => [userId, ...(accountId === null ? [] : [accountId])].map(wholeId));
  const change = (message: ParkedMessage): ParkedMessage | null => {
    const parsed = parse(message.body);
    const messageTenant = message.attributes[messageAttributes.tenant] ?? parsed?.tenant ?? defaultTenant;
    if (messageTenant !== tenant) return null;
    const text = [message.body, ...Object.values(message.attributes)].join('\n');
    if (!patterns.some((ids) => ids.every((id) => id.test(text)))) return null;
    const transactionId = typeof parsed?.transactionId === 'string' ? { transactionId: parsed.transactionId } : {};
    return {
      body: JSON.stringify({ erased: true, ...transactionId }),
      attributes: { [messageAttributes.tenant]: tenant, reason: 'erased' },
    };
  };
  let erased = 0;
  for (const queue of queues) erased += await queue.rewrite(change);
  return erased;
}

/** Matches an id that is not part of a longer one, anywhere in a text: a parked message need not be JSON. */
const wholeId = (id: string): RegExp => new RegExp(`(?<![A-Za-z0-9._:-])${id.replaceAll('.', '\\.')}(?![A-Za-z0-9._:-])`);

const parse = (body: string): Readonly<Record<string, unknown>> | null => {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
};
