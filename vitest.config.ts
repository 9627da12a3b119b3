import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**', 'test/deploy/**', 'test/hostile/**'],
    // A worker per core: by default one core is left to the main thread, which has little to do.
    maxWorkers: '100%',
    // Lines of requests would bury what a test says.
    env: { AEGIS_LOG_LEVEL: 'silent' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
