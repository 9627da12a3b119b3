/** SQS counts every receive and takes no higher limit. */
const receivesMax = 1_000;
/** With fewer, the short pauses after the first failures would be a noticeable part of a message's life. */
export const receivesMin = 100;
/** Lambda may receive a message again before a slow batch is done, unless the queue waits this many function timeouts. */
export const visibilityPerTimeout = 6;
/** Of the retention. The rest is time in which a message that nobody could decide is set aside before SQS deletes it. */
const lifeShare = 0.9;
/** A pause at its longest is drawn between the visibility timeout and this many of them. */
const pausePerVisibility = 2;

/** How long a message of the transaction queue is tried, whatever fails: all but a tenth of the queue's retention. */
export interface QueueLife {
  /** Receives after which SQS moves a message to the dead letters. */
  readonly maxReceives: number;
  /** A message that was received and not answered for, since the function failed as a whole, comes back after this. */
  readonly visibilitySeconds: number;
  /** A message that the function answered for as undecided is hidden for at most this. */
  readonly pauseSecondsMax: number;
  /** A message older than this is set aside by the function, with its reason. */
  readonly giveUpSeconds: number;
}

export const queueLife = ({
  messageRetentionDays,
  scoreTimeoutSeconds,
}: {
  readonly messageRetentionDays: number;
  readonly scoreTimeoutSeconds: number;
}): QueueLife => {
  const giveUpSeconds = Math.floor(lifeShare * messageRetentionDays * 86_400);
  const visibilitySeconds = Math.max(visibilityPerTimeout * scoreTimeoutSeconds, Math.ceil(giveUpSeconds / receivesMax));
  return {
    maxReceives: Math.min(receivesMax, Math.floor(giveUpSeconds / visibilitySeconds)),
    visibilitySeconds,
    pauseSecondsMax: pausePerVisibility * visibilitySeconds,
    giveUpSeconds,
  };
};
