import { queueLife, receivesMin, visibilityPerTimeout } from './queueLife.ts';

/** A payment reads rows of at most 48 hours before its account's newest payment, in spans of at most a day. */
const windowDays = 4;

/** The settings that limit each other. */
export interface SettingsTogether {
  readonly messageRetentionDays: number;
  readonly deadLetterRetentionDays: number;
  readonly scoreTimeoutSeconds: number;
  readonly scoreMaxConcurrency: number;
  readonly decideProvisionedConcurrency: number;
  readonly reservedConcurrency: Readonly<Record<string, number>>;
  readonly lambdaQuota: number;
  readonly apiRatePerSecond: number;
  readonly apiBurst: number;
  readonly compactEveryMinutes: number;
  readonly compactionLagAlarmHours: number;
  readonly trainEveryMinutes: number;
  readonly modelAgeAlarmHours: number;
  readonly checkpointEveryMinutes: number;
  readonly checkpointLagAlarmMinutes: number;
  readonly hotDays?: number;
}

/** Lambda keeps so many for the functions that have none reserved. */
const unreservedMin = 100;

const concurrencyFaults = ({
  reservedConcurrency,
  lambdaQuota,
  scoreMaxConcurrency,
  decideProvisionedConcurrency,
}: SettingsTogether): string[] => {
  const reserved = Object.values(reservedConcurrency ?? {}).reduce((sum, count) => sum + count, 0);
  const { score, decide } = reservedConcurrency ?? {};
  return [
    ...(reserved > 0 && reserved + unreservedMin > lambdaQuota
      ? [
          `reservedConcurrency: given ${reserved} in all, allowed: at most lambdaQuota - ${unreservedMin}, which is ${lambdaQuota - unreservedMin}: Lambda keeps the rest for all other functions`,
        ]
      : []),
    ...(score !== undefined && score < scoreMaxConcurrency
      ? [
          `reservedConcurrency: given ${score} for score, allowed: at least scoreMaxConcurrency, which is ${scoreMaxConcurrency}: what the queue hands over beyond it is refused and counts as received`,
        ]
      : []),
    ...(decide !== undefined && decide < decideProvisionedConcurrency
      ? [
          `reservedConcurrency: given ${decide} for decide, allowed: at least decideProvisionedConcurrency, which is ${decideProvisionedConcurrency}`,
        ]
      : []),
  ];
};

/** What is wrong between settings that are each in their range: given, allowed, why. */
export const faultsTogether = (settings: SettingsTogether): string[] => [
  ...concurrencyFaults(settings),
  ...(settings.hotDays !== undefined &&
  settings.hotDays < settings.messageRetentionDays + settings.deadLetterRetentionDays + windowDays
    ? [
        `hotDays: given ${settings.hotDays}, allowed: at least messageRetentionDays + deadLetterRetentionDays + ${windowDays}, which is ${settings.messageRetentionDays + settings.deadLetterRetentionDays + windowDays}: messages in the queues may still need the rows of their accounts`,
      ]
    : []),
  ...(settings.apiBurst < settings.apiRatePerSecond && settings.apiRatePerSecond <= 5000
    ? [`apiBurst: given ${settings.apiBurst}, allowed: at least apiRatePerSecond, which is ${settings.apiRatePerSecond}`]
    : []),
  ...(settings.checkpointLagAlarmMinutes <= settings.checkpointEveryMinutes
    ? [
        `checkpointLagAlarmMinutes: given ${settings.checkpointLagAlarmMinutes}, allowed: above checkpointEveryMinutes, which is ${settings.checkpointEveryMinutes}`,
      ]
    : []),
  ...(settings.compactionLagAlarmHours * 60 <= settings.compactEveryMinutes
    ? [
        `compactionLagAlarmHours: given ${settings.compactionLagAlarmHours}, allowed: above compactEveryMinutes, which is ${settings.compactEveryMinutes}`,
      ]
    : []),
  ...(settings.modelAgeAlarmHours * 60 <= settings.trainEveryMinutes
    ? [
        `modelAgeAlarmHours: given ${settings.modelAgeAlarmHours}, allowed: above trainEveryMinutes, which is ${settings.trainEveryMinutes}`,
      ]
    : []),
  ...(queueLife(settings).maxReceives < receivesMin
    ? [
        `scoreTimeoutSeconds: given ${settings.scoreTimeoutSeconds}, allowed: at most ${Math.floor(queueLife(settings).giveUpSeconds / receivesMin / visibilityPerTimeout)} with messageRetentionDays ${settings.messageRetentionDays}: the queue must be able to deliver a message ${receivesMin} times`,
      ]
    : []),
  ...(settings.deadLetterRetentionDays < settings.messageRetentionDays
    ? [
        `deadLetterRetentionDays: given ${settings.deadLetterRetentionDays}, allowed: at least messageRetentionDays, which is ${settings.messageRetentionDays}`,
      ]
    : []),
];
