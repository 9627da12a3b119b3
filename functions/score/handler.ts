import middy from '@middy/core';
import type { Context, SQSEvent } from 'aws-lambda';
import { services } from '../../shared/adapters/aws/services.ts';
import { ledgerOf } from '../../shared/deciding/judgement.ts';
import { modelInForce } from '../../shared/deciding/modelInForce.ts';
import { log } from '../../shared/edge/log.ts';
import { measuring } from '../../shared/edge/metrics.ts';
import { type ScoreDependencies, scoreBatch } from './score.ts';

/** Left for the answer after the last try. */
const reserveMs = 1_000;

const world = services();
const ledger = ledgerOf(world, modelInForce(world));
const alert: ScoreDependencies['alert'] = async (letters, deadlineMs) =>
  (await import('./deadLetterAlerts.ts')).tellHere(world, log, letters, deadlineMs);
const newId = (): string => Buffer.from(world.randomness.bytes(16)).toString('hex');

export const handler = middy(async ({ Records }: SQSEvent, context: Context) =>
  scoreBatch(
    Records,
    { ledger, deadLetters: world.deadLetters, newId, log, alert, measure: measuring(world.clock) },
    world.clock.nowMs() + context.getRemainingTimeInMillis() - reserveMs,
  ),
);
