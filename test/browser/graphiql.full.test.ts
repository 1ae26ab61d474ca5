import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';

const executablePath = '/usr/bin/chromium';
const isInstalled = existsSync(executablePath);
if (!isInstalled)
  process.stderr.write(
    `Browser tests are skipped: there is no ${executablePath} (apt-get install chromium).\n`,
  );

describe.skipIf(!isInstalled)('GraphiQL in a browser', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
    const date = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    app.answer({
      ads: adsFeed([
        { date, campaign_id: 'C-1', channel: 'seen_in_browser', clicks: 2, impressions: 9, cost: 12.5 },
      ]),
    });
    await app.pull();
  });
  afterAll(() => app.close());

  it('opens on the example query, and running it shows figures', async () => {
    const browser = await chromium.launch({
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
    try {
      const page = await browser.newPage();
      const foreign: string[] = [];
      page.on('request', (request) => {
        if (!request.url().startsWith(app.url) && request.url().startsWith('http'))
          foreign.push(request.url());
      });
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (/content security policy/i.test(message.text())) complaints.push(message.text());
      });
      await page.goto(app.url);
      await page.getByText('ChannelPerformance').first().waitFor();
      await page.getByRole('button', { name: /execute query/i }).click();
      await page.getByText('"seen_in_browser"').waitFor();
      expect(await page.locator('.graphiql-response').innerText()).toContain('12.5');
      expect(foreign).toEqual([]);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  }, 60_000);
});
