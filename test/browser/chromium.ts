import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Debian's Chromium, or the one that CHROMIUM_BIN names. */

const paths = [process.env.CHROMIUM_BIN, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const installMsMax = 240_000;

const installed = (): string | null => paths.find((path) => path !== undefined && existsSync(path)) ?? null;

/** The path of a browser; installed where this may be done without asking; null, and a line that says what to do, where there is none. */
export const findChromium = (): string | null => {
  if (installed() === null && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log('installing Chromium with apt-get');
    const options = {
      stdio: 'ignore',
      timeout: installMsMax,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    } as const;
    spawnSync('apt-get', ['update', '-qq'], options);
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-liberation'], options);
  }
  const path = installed();
  if (path === null) console.log('skipped: no Chromium; apt-get install chromium, or name one in CHROMIUM_BIN');
  return path;
};

/** Headless, with a new profile. */
export const launchChromium = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, headless: true, args });
