import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** Whether browser tests can run; says so once where they cannot. */
export const hasBrowser = existsSync(executablePath);
if (!hasBrowser)
  process.stderr.write(
    `Browser tests are skipped: there is no ${executablePath} (apt-get install chromium).\n`,
  );

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
