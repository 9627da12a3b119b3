import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installInto, NotPossibleHere, skippedCode } from '../support/python.ts';
import { accepted } from './accepted.ts';
import { checkovFindings, type Finding, faultsOf, lintFindings } from './findings.ts';

/**
 * `npm run test:templates`: both synthesized templates before cfn-lint and checkov, which know more of CloudFormation than the tests here. They
 * are installed from PyPI into an ignored folder. Exit codes: 0 passed, 1 failed, 75 skipped because they cannot be installed here.
 */
const packages = ['cfn-lint==1.58.0', 'checkov==3.3.30'];
const root = fileURLToPath(new URL('../..', import.meta.url));
const venv = join(root, '.cache', 'templates');
const runMsMax = 120_000;
const reportBytesMax = 64 * 1024 * 1024;

/** Each tool must find its fault in here, so that a tool that looks at nothing is not taken for praise. */
const planted = {
  Resources: {
    Queue: { Type: 'AWS::SQS::Queue', Properties: { Colour: 'red' } },
    Bucket: { Type: 'AWS::S3::Bucket', Properties: { AccessControl: 'PublicRead' } },
  },
};
const plantedRules = ['E3002', 'CKV_AWS_20'];

/** What the program prints. Both tools end with another code than 0 when they find something. */
const output = (program: string, args: readonly string[], home: string): string => {
  const { error, stdout, stderr } = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    timeout: runMsMax,
    maxBuffer: reportBytesMax,
    env: { ...process.env, HOME: home },
  });
  if (error) throw error;
  if (stdout.trim() === '') throw new Error(`${program} printed no report: ${stderr.trim().split('\n').at(-1) ?? ''}`);
  return stdout;
};

const findingsIn = (template: string, home: string): Finding[] => [
  ...lintFindings(output(join(venv, 'bin', 'cfn-lint'), ['--format', 'json', '--', template], home)),
  ...checkovFindings(
    output(
      join(venv, 'bin', 'checkov'),
      ['--framework', 'cloudformation', '--skip-download', '--output', 'json', '--file', template],
      home,
    ),
  ),
];

const faults = (folder: string): string[] => {
  const plantedFile = join(folder, 'planted.template.json');
  writeFileSync(plantedFile, JSON.stringify(planted));
  const found = findingsIn(plantedFile, folder).map(({ rule }) => rule);
  const missed = plantedRules.filter((rule) => !found.includes(rule));
  if (missed.length > 0) return missed.map((rule) => `the planted fault ${rule} was not found`);

  const assembly = join(folder, 'cdk.out');
  const synth = spawnSync(join(root, 'node_modules', '.bin', 'cdk'), ['synth', '--quiet', '--output', assembly], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (synth.status !== 0) throw new Error(`cdk synth ended with ${synth.status ?? synth.signal}`);
  const templates = readdirSync(assembly).filter((name) => name.endsWith('.template.json'));
  const findings = templates.flatMap((name) => {
    const inTemplate = findingsIn(join(assembly, name), folder);
    console.log(`${name}: ${inTemplate.length} findings of cfn-lint and checkov`);
    return inTemplate;
  });
  return [
    ...['core', 'operations']
      .filter((stack) => !templates.includes(`${stack}.template.json`))
      .map((stack) => `there is no template of the ${stack} stack`),
    ...faultsOf(findings, accepted),
  ];
};

const main = async (): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), 'aegis-templates-'));
  try {
    await installInto(venv, packages);
    const found = faults(folder);
    for (const fault of found) console.error(fault);
    console.log(found.length === 0 ? 'PASSED: every finding is accepted with a reason' : 'FAILED');
    return found.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof NotPossibleHere)) throw error;
    console.error(`SKIPPED, nothing is proved: ${error.message}`);
    return skippedCode;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

process.exitCode = await main();
