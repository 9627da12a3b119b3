import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A real browser and a live stack share two cores: one starved frame must not fail the run, a defect fails twice.
    // Second tries are printed by the tests.
    retry: 1,
    include: ['test/browser/**/*.test.ts'],
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    bail: 0,
  },
});
