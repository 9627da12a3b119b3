import type { SQSEvent } from 'aws-lambda';
import { queueVisibility } from '../../shared/adapters/aws/queueVisibility.ts';
import { services } from '../../shared/adapters/aws/services.ts';
import { log } from '../../shared/edge/log.ts';
import { measuring } from '../../shared/edge/metrics.ts';
import { isTrue, required, requiredNumber } from '../../shared/store/environment.ts';
import { breaker } from './breaker.ts';
import { guardedPost } from './post.ts';
import { receiverWatch } from './receiverWatch.ts';
import { deliverBatch } from './webhooks.ts';

const { table, clock, randomness } = services();
const post = guardedPost({ allowsLoopback: isTrue('webhooksToLoopback') });
const disableAfterMs = requiredNumber('webhookDisableAfterDays') * 86_400_000;
const watch = receiverWatch({ table, log, measure: measuring(clock), disableAfterMs });
const dependencies = { table, clock, randomness, post, breaker: breaker(), watch, log };
const hide = queueVisibility({ url: required('webhookQueueUrl') });

export const handler = ({ Records }: SQSEvent) => deliverBatch(Records, { ...dependencies, hide });
