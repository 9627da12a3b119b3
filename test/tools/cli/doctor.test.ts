import { describe, expect, it } from 'vitest';
import { examine, type Machine, reportText } from '../../../tools/cli/doctor.ts';

const complete: Machine = {
  nodeVersion: '24.1.0',
  environment: { AWS_REGION: 'ap-south-1' },
  has: () => true,
  emulator: async () => '/usr/bin/dynoxide',
  listens: async () => true,
  run: (_, args) => (args[0] === 'sts' ? '111122223333\n' : args[0] === 'ssm' ? '21\n' : null),
};
const missing = async (change: Partial<Machine>): Promise<string[]> =>
  (await examine({ ...complete, ...change }, 'http://localhost:4566')).flatMap(({ checks }) =>
    checks.filter(({ ok }) => !ok).map(({ name, remedy }) => `${name}: ${remedy}`),
  );

describe('aegis doctor', () => {
  it('finds nothing missing on a complete machine', async () => {
    expect(await missing({})).toEqual([]);
    expect(reportText(await examine(complete, 'http://localhost:4566'))).toContain('npx cdk deploy core: ready');
  });

  it.each<[string, Partial<Machine>, RegExp]>([
    ['an old Node', { nodeVersion: '22.9.0' }, /^Node: install Node 24/],
    ['packages that are not installed', { has: () => false }, /^packages: npm ci/],
    ['the emulator', { emulator: () => Promise.reject(new Error('get it so')) }, /^DynamoDB emulator: get it so/],
    ['an endpoint that does not answer', { listens: async () => false }, /^endpoint: start LocalStack/],
    ['credentials', { run: () => null }, /^credentials: sign in/],
    ['the region', { environment: {} }, /^region: set AWS_REGION/],
    ['bootstrap', { run: (_, args) => (args[0] === 'sts' ? '1' : null) }, /^bootstrap: npx cdk bootstrap/],
  ])('names %s and how to get it', async (_, change, expected) => {
    expect((await missing(change)).some((text) => expected.test(text))).toBe(true);
  });

  it('says what it checks before each check that may take long', async () => {
    const steps: string[] = [];
    await examine(
      {
        ...complete,
        environment: {},
        emulator: async () => String(steps.push('emulator asked')),
        listens: async () => steps.push('endpoint asked') > 0,
        run: (command, args) => {
          steps.push(`${command} ${args[0]}`);
          return complete.run(command, args);
        },
      },
      'http://localhost:4566',
      (name) => steps.push(`checking ${name}`),
    );
    expect(steps).toEqual([
      'checking Node and packages',
      'checking DynamoDB emulator',
      'emulator asked',
      'checking endpoint http://localhost:4566',
      'endpoint asked',
      'checking credentials of AWS',
      'aws sts',
      'checking region of AWS',
      'aws configure',
      'checking bootstrap of the account',
      'aws ssm',
    ]);
  });
});
