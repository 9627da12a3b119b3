import { queueLife, receivesMin, visibilityPerTimeout } from './queueLife.ts';

/** A payment reads rows of at most 48 hours before its account's newest payment, in spans of at most a day. */
const windowDays = 4;

/** The settings that limit each other. */
export interface SettingsTogether {
  readonly messageRetentionDays: number;
  readonly deadLetterRetentionDays: number;
  readonly scoreTimeoutSeconds: number;
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

/** What is wrong between settings that are each in their range: given, allowed, why. */
export const faultsTogether = (settings: SettingsTogether): string[] => [
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
