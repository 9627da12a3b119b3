import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { build } from '../../infra/build.ts';
import { checkWithPacks } from '../../infra/packs.ts';
import { HouseQueue } from '../../infra/queue.ts';
import { withoutBundling } from '../../infra/template.ts';

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
    const built = build(new App({ outdir, context: withoutBundling }), {}, { account: '111122223333', region });
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
