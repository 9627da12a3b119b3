import type { SQSEvent } from 'aws-lambda';
import { queueVisibility } from '../../shared/adapters/aws/queueVisibility.ts';
import { required, services } from '../../shared/adapters/aws/services.ts';
import { log } from '../../shared/edge/log.ts';
import { env } from '../../shared/store/names.ts';
import { guardedPost } from './post.ts';
import { deliverBatch } from './webhooks.ts';

const { table, clock, randomness } = services();
const post = guardedPost({ allowsLoopback: process.env[env.webhooksToLoopback] === 'true' });
const hide = queueVisibility({ url: required('webhookQueueUrl') });

export const handler = ({ Records }: SQSEvent) => deliverBatch(Records, { table, clock, randomness, post, hide, log });
