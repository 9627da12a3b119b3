import { defineConfig } from 'vitest/config';

/** For Stryker, as `test/mutation/run.ts` starts it: `AEGIS_MUTATION_TESTS` names the tests of one file of the domain, comma between them. */
export default defineConfig({
  test: {
    include: process.env.AEGIS_MUTATION_TESTS?.split(',') ?? [],
    env: { AEGIS_FEWER_SEEDS: '1', AEGIS_PROPERTY_RUNS: '50' },
    testTimeout: 30_000,
  },
});
