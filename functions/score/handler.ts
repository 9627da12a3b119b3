import middy from '@middy/core';
import type { Context, SQSEvent } from 'aws-lambda';
import { services } from '../../shared/adapters/aws/services.ts';
import { ledgerOf } from '../../shared/deciding/judgement.ts';
import { modelInForce } from '../../shared/deciding/modelInForce.ts';
import { log } from '../../shared/edge/log.ts';
import { measuring } from '../../shared/edge/metrics.ts';
import { retryHere } from './retry.ts';
import { answerMs, type ScoreDependencies, scoreBatch } from './score.ts';

const world = services();
const dependencies: ScoreDependencies = {
  ledger: ledgerOf(world, modelInForce(world)),
  deadLetters: world.deadLetters,
  newId: () => Buffer.from(world.randomness.bytes(16)).toString('hex'),
  log,
  alert: async (letters, deadlineMs) => (await import('./deadLetterAlerts.ts')).tellHere(world, log, letters, deadlineMs),
  retry: retryHere(world),
  measure: measuring(world.clock),
};

export const handler = middy(async ({ Records }: SQSEvent, context: Context) =>
  scoreBatch(Records, dependencies, world.clock.nowMs() + context.getRemainingTimeInMillis() - answerMs),
);
