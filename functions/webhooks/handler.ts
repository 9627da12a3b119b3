import type { SQSEvent } from 'aws-lambda';
import { queueVisibility } from '../../shared/adapters/aws/queueVisibility.ts';
import { services } from '../../shared/adapters/aws/services.ts';
import { log } from '../../shared/edge/log.ts';
import { isTrue, required } from '../../shared/store/environment.ts';
import { breaker } from './breaker.ts';
import { guardedPost } from './post.ts';
import { deliverBatch } from './webhooks.ts';

const { table, clock, randomness } = services();
const post = guardedPost({ allowsLoopback: isTrue('webhooksToLoopback') });
const dependencies = { table, clock, randomness, post, breaker: breaker(), log };
const hide = queueVisibility({ url: required('webhookQueueUrl') });

export const handler = ({ Records }: SQSEvent) => deliverBatch(Records, { ...dependencies, hide });
