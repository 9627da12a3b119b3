import { defineConfig } from 'vitest/config';

/**
 * For Stryker: the tests of the domain that are quick enough to be run for each of thousands of mutants. `AEGIS_MUTATION_TESTS` names
 * fewer, comma between them, to look at one file of the domain with its own tests alone.
 */
export default defineConfig({
  test: {
    include: (process.env.AEGIS_MUTATION_TESTS ?? 'test/domain/**/*.test.ts').split(','),
    exclude: ['test/domain/stateSize.test.ts'],
    env: { AEGIS_FEWER_SEEDS: '1' },
    testTimeout: 30_000,
  },
});
