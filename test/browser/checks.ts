import { expect, type TestContext } from 'vitest';
import type { Tab } from './world.ts';

/** Would run if a page took it for HTML. */
export const script = '<img src=x onerror="alert(1)"><script>alert(2)</script>';

/** Expects that the page did nothing that its policy refuses, and sent requests only to the API. */
export const isClean = (tab: Tab): void => {
  expect(tab.troubles).toEqual([]);
  const origins = tab.requests.map((asked) => new URL(asked.split(' ')[1]!)).filter(({ protocol }) => protocol !== 'blob:');
  expect([...new Set(origins.map(({ origin }) => origin))]).toEqual([new URL(tab.page.url()).origin]);
};

/** Prints a test that needed a second try: retries are for starved machines, and the run shows when one was needed. */
export const reportRetry = ({ task }: TestContext): void => {
  const retries = task.result?.retryCount ?? 0;
  if (retries > 0) console.warn(`needed a second try: ${task.name}`);
};
