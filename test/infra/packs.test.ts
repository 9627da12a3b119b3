import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { build } from '../../infra/build.ts';
import { checkWithPacks } from '../../infra/packs.ts';
import { HouseQueue } from '../../infra/queue.ts';
import type { Settings } from '../../infra/settings.ts';
import { withoutBundling } from '../../infra/template.ts';

const account = '111122223333';
const tableArn = `arn:aws:dynamodb:ap-south-1:${account}:table/restored`;
const kms = (number: number): string => `arn:aws:kms:ap-south-1:${account}:key/00000000-0000-4000-8000-00000000000${number}`;

let outdir: string;
beforeEach(() => {
  outdir = mkdtempSync(join(tmpdir(), 'aegis-packs-'));
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(outdir, { recursive: true, force: true });
});

describe('the AWS Solutions, PCI DSS and serverless packs', () => {
  it.each(['ap-south-1', 'us-east-1'])('find nothing in %s that is not argued for', (region) => {
    const built = build(new App({ outdir, context: withoutBundling }), {}, { account, region });
    checkWithPacks(built);
    expect(() => built.app.synth()).not.toThrow();
  });

  it.each<{ setting: string; overrides: Partial<Settings> }>([
    { setting: 'a restored table', overrides: { restoredTable: { arn: tableArn, streamArn: `${tableArn}/stream/2026-11-20` } } },
    { setting: 'keys of the account', overrides: { keyProvider: { data: kms(1), master: kms(2), signing: kms(3) } } },
  ])('find nothing with $setting', ({ overrides }) => {
    const built = build(new App({ outdir, context: withoutBundling }), overrides, { account, region: 'ap-south-1' });
    checkWithPacks(built);
    expect(() => built.app.synth()).not.toThrow();
  });

  it('fail the synthesis on a finding elsewhere than where it is argued for', () => {
    const built = build(new App({ outdir, context: withoutBundling }));
    checkWithPacks(built);
    new HouseQueue(built.core, 'Another', { key: built.core.data.dataKey, retentionDays: 1 });
    expect(() => built.app.synth()).toThrow(/The SQS queue|Validation failed/);
  });
});
