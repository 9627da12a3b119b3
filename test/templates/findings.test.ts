import { describe, expect, it } from 'vitest';
import { accepted } from './accepted.ts';
import { checkovFindings, type Finding, faultsOf, lintFindings } from './findings.ts';

const found = (rule: string, resource: string): Finding => ({ rule, resource, detail: 'a bucket without a log' });
const logs = { rule: 'CKV_AWS_18', resources: /^Data/, reason: 'none' };

describe('a finding', () => {
  it.each([
    ['passes where it is accepted', [found('CKV_AWS_18', 'DataBucket')], []],
    [
      'fails at another resource than the accepted ones',
      [found('CKV_AWS_18', 'DataBucket'), found('CKV_AWS_18', 'LogBucket')],
      ['CKV_AWS_18 at LogBucket: a bucket without a log'],
    ],
    [
      'fails by another rule than the accepted one',
      [found('CKV_AWS_18', 'DataBucket'), found('CKV_AWS_19', 'DataBucket')],
      ['CKV_AWS_19 at DataBucket: a bucket without a log'],
    ],
    [
      'that no longer comes makes its acceptance a fault',
      [],
      ['CKV_AWS_18 is accepted at ^Data, where nothing is found: take it out'],
    ],
  ])('%s', (_sentence, findings, faults) => {
    expect(faultsOf(findings, [logs])).toEqual(faults);
  });
});

it('no error of cfn-lint is accepted, and every acceptance has a reason', () => {
  expect(accepted.filter(({ rule, reason }) => rule.startsWith('E') || reason.length < 40)).toEqual([]);
});

describe('the report of cfn-lint', () => {
  const match = (path: readonly (string | number)[] | null) =>
    JSON.stringify([{ Rule: { Id: 'E3002' }, Message: 'unknown', Filename: 'core.template.json', Location: { Path: path } }]);
  it.each([
    ['names the resource', ['Resources', 'Queue', 'Properties', 'Colour'], 'Queue'],
    ['names the template for a fault elsewhere', ['Outputs', 'Url'], 'core.template.json'],
    ['names the template for a fault without a place', null, 'core.template.json'],
  ])('%s', (_sentence, path, resource) => {
    expect(lintFindings(match(path))).toEqual([{ rule: 'E3002', resource, detail: 'unknown' }]);
  });
});

describe('the report of checkov', () => {
  const report = (results: Readonly<Record<string, readonly unknown[]>>): string =>
    JSON.stringify({ results: { passed_checks: [], failed_checks: [], parsing_errors: [], ...results } });
  it('names the resource without its type', () => {
    const failed = { check_id: 'CKV_AWS_18', check_name: 'log', resource: 'AWS::S3::Bucket.DataBucket' };
    expect(checkovFindings(report({ failed_checks: [failed] }))).toEqual([
      { rule: 'CKV_AWS_18', resource: 'DataBucket', detail: 'log' },
    ]);
  });
  it.each([
    ['that checked nothing', report({}), /checked nothing/],
    ['that could not read the template', report({ parsing_errors: ['core.template.json'] }), /cannot read core\.template\.json/],
    ['that found no template at all', '{"passed":0,"failed":0}', TypeError],
    ['that is no report', 'Traceback', SyntaxError],
  ])('%s is no praise', (_sentence, text, error) => {
    expect(() => checkovFindings(text)).toThrow(error);
  });
});
