import type { Accepted } from './findings.ts';

const everyFunction = /HandlerFunction[0-9A-F]{8}$/;
const everyBucket = /^Data(Model|Archive|Checkpoint)Bucket/;

/**
 * Findings of cfn-lint (`E`, `W`) and checkov (`CKV`) that are accepted, with the reason. One that fits nothing any more fails the proof.
 * `infra/packs.ts` holds those of cdk-nag.
 */
export const accepted: readonly Accepted[] = [
  {
    rule: 'W3005',
    resources: everyFunction,
    reason:
      'CDK names the role beside its policies, on which the function must wait; that the first follows from the second harms nothing.',
  },
  {
    rule: 'CKV_AWS_18',
    resources: everyBucket,
    reason:
      'Objects are written once under content-addressed keys; access is recorded by CloudTrail data events where an account wants it.',
  },
  {
    rule: 'CKV_AWS_59',
    resources: /^Api/,
    reason: 'The functions check the API key and its scope themselves, so that no environment can leave the check out.',
  },
  {
    rule: 'CKV_AWS_73',
    resources: /^ApiDeploymentStage/,
    reason: 'One correlation id leads through API, queue, items and logs; traces by X-Ray are paid for per call.',
  },
  {
    rule: 'CKV_AWS_115',
    resources: everyFunction,
    reason:
      'The setting reservedConcurrency reserves instances: none by default, since a small account has too few to reserve any.',
  },
  {
    rule: 'CKV_AWS_116',
    resources: everyFunction,
    reason:
      'Called in a request or from a queue or stream, which keep what failed; a scheduled one has an on-failure destination.',
  },
  {
    rule: 'CKV_AWS_117',
    resources: everyFunction,
    reason:
      'The functions reach AWS services and webhook receivers alone, over TLS and by their roles; there is no network of their own to be inside of.',
  },
  {
    rule: 'CKV_AWS_120',
    resources: /^ApiDeploymentStage/,
    reason: 'Answers are not cached at all: they are personal and change with every payment.',
  },
  {
    rule: 'CKV_AWS_173',
    resources: everyFunction,
    reason:
      'Variables hold names of resources and settings, no secrets, and are encrypted by a key of AWS; one of ours would be a call more before every cold start.',
  },
];
