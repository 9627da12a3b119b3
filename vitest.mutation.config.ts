import { defineConfig } from 'vitest/config';

/** For Stryker: the tests of the domain that are quick enough to be run for each of thousands of mutants. */
export default defineConfig({
  test: {
    include: ['test/domain/**/*.test.ts'],
    exclude: ['test/domain/stateSize.test.ts'],
    env: { AEGIS_FEWER_SEEDS: '1' },
    testTimeout: 30_000,
  },
});
