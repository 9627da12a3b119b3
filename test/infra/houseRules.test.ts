import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Function as BareFunction, Code, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { App } from 'aws-cdk-lib/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { build } from '../../infra/build.ts';
import type { CoreStack } from '../../infra/core.ts';
import { withoutBundling } from '../../infra/template.ts';
import { prefixes } from '../../shared/store/names.ts';

let outdir: string;
beforeEach(() => {
  outdir = mkdtempSync(join(tmpdir(), 'aegis-rules-'));
});
afterEach(() => rmSync(outdir, { recursive: true, force: true }));

const synthesizeWith = (change: (core: CoreStack) => void): (() => void) => {
  const { app, core } = build(new App({ outdir, context: withoutBundling }));
  change(core);
  return () => void app.synth();
};

describe('the house rules', () => {
  it('let the stack through as it is', () => {
    expect(synthesizeWith(() => {})).not.toThrow();
  });

  it.each<[string, (core: CoreStack) => unknown, RegExp]>([
    [
      'function',
      (core) => new BareFunction(core, 'Bare', { runtime: Runtime.NODEJS_24_X, handler: 'a.b', code: Code.fromInline('x') }),
      /core\/Bare\/Resource must be made by HouseFunction/,
    ],
    ['queue', (core) => new Queue(core, 'Bare'), /core\/Bare\/Resource must be made by HouseQueue/],
    ['bucket', (core) => new Bucket(core, 'Bare'), /core\/Bare\/Resource must be made by HouseBucket/],
    ['topic', (core) => new Topic(core, 'Bare'), /core\/Bare\/Resource must be made by HouseTopic/],
    [
      'table',
      (core) => new Table(core, 'Bare', { partitionKey: { name: 'pk', type: 'S' as never } }),
      /core\/Bare\/Resource must be made by HouseTable/,
    ],
  ])('refuse a bare %s', (_, change, message) => {
    expect(synthesizeWith(change)).toThrow(message);
  });

  const granted = (action: string, keys?: readonly string[]) => (core: CoreStack) =>
    core.functions[0]!.role.addToPolicy(
      new PolicyStatement({
        sid: 'Extra',
        actions: [action],
        resources: [core.data.table.tableArn],
        ...(keys === undefined ? {} : { conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } } }),
      }),
    );

  it.each<[string, (core: CoreStack) => unknown, RegExp]>([
    ['a wildcard action', granted('dynamodb:*'), /dynamodb:\* is a wildcard/],
    ['a bulk write', granted('dynamodb:BatchWriteItem'), /no function may have dynamodb:BatchWriteItem/],
    ['a scan to any function but sweep', granted('dynamodb:Scan'), /no function may have dynamodb:Scan/],
    ['a write to any key', granted('dynamodb:PutItem'), /dynamodb:PutItem without leading keys/],
    [
      'an update of audit entries',
      granted('dynamodb:UpdateItem', [`${prefixes.audit}*`]),
      /dynamodb:UpdateItem on audit entries/,
    ],
    ['an update of one chain', granted('dynamodb:UpdateItem', [`${prefixes.audit}c1`]), /dynamodb:UpdateItem on audit entries/],
    [
      'a deletion under a pattern that takes in audit entries',
      granted('dynamodb:DeleteItem', ['*']),
      /dynamodb:DeleteItem on audit entries/,
    ],
    [
      'a right on every resource',
      (core) =>
        core.functions[0]!.role.addToPolicy(
          new PolicyStatement({ sid: 'Extra', actions: ['sqs:SendMessage'], resources: ['*'] }),
        ),
      /statement Extra: every resource/,
    ],
  ])('refuse %s', (_, change, message) => {
    expect(synthesizeWith(change)).toThrow(message);
  });

  it('let a function update what is no audit entry', () => {
    expect(synthesizeWith(granted('dynamodb:UpdateItem', [`${prefixes.feed}*`]))).not.toThrow();
  });

  it('refuse at once to give a function the right to update or delete audit entries', () => {
    expect(synthesizeWith.bind(null, (core) => core.functions[0]!.updatesItems('audit'))).toThrow(
      /items of kind audit can never be updated/,
    );
    expect(synthesizeWith.bind(null, (core) => core.functions[0]!.deletesItems('audit'))).toThrow(
      /items of kind audit can never be deleted/,
    );
  });

  it('name every fault of one synthesis', () => {
    const both = synthesizeWith((core) => {
      new Queue(core, 'BareQueue');
      new Topic(core, 'BareTopic');
    });
    expect(both).toThrow(/BareQueue/);
    expect(both).toThrow(/BareTopic/);
  });
});
