import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';
import { hasBrowser, launchBrowser } from '../support/browser.ts';

describe.skipIf(!hasBrowser)('GraphiQL in a browser', () => {
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

  /** Documents that the page sends, but for the schema's. */
  const watch = (page: Page): string[] => {
    const sent: string[] = [];
    page.on('request', (request) => {
      const document = request.method() === 'POST' ? (request.postData() ?? '') : '';
      if (document !== '' && !document.includes('IntrospectionQuery')) sent.push(document);
    });
    return sent;
  };

  it('opens on the example query, and shows its figures', async () => {
    const browser = await launchBrowser();
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
      const sent = watch(page);
      await page.goto(app.url);
      await page.getByText('ChannelPerformance').first().waitFor();
      await page.getByText('"seen_in_browser"').waitFor();
      expect(await page.locator('.graphiql-response').innerText()).toContain('12.5');
      expect(sent).toEqual([expect.stringContaining('query ChannelPerformance')]);
      expect(await page.getByRole('button', { name: /GraphiQL Explorer/i }).count()).toBe(0);
      expect(foreign).toEqual([]);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  }, 60_000);

  it('runs the query of a link once, and nothing else: no mutation or subscription, and not what was typed before', async () => {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      const sent = watch(page);
      const open = async (query?: string): Promise<void> => {
        const introspected = page.waitForResponse((response) =>
          (response.request().postData() ?? '').includes('IntrospectionQuery'),
        );
        await page.goto(
          `${app.url}/graphql${query === undefined ? '' : `?query=${encodeURIComponent(query)}`}`,
        );
        await introspected;
        await page.locator('.graphiql-query-editor .view-line').first().waitFor();
      };
      await open('query Linked { metricCatalog { measures { name } } }');
      await page.locator('.graphiql-response').getByText('"IMPRESSIONS"').waitFor();
      expect(sent).toEqual([expect.stringContaining('query Linked')]);
      for (const harmful of [
        'mutation { triggerIngest { runs { id } } }',
        '# query\nmutation M { triggerIngest { runs { id } } }',
        'subscription { ingestRun(id: "x") { id } }',
        'query A { __typename } mutation B { triggerIngest { runs { id } } }',
        'fragment F on Mutation { triggerIngest { runs { id } } } mutation { ...F }',
        '{ not closed',
      ]) {
        await open(harmful);
        await page.waitForTimeout(1_500);
        expect(sent, harmful).toHaveLength(1);
      }
      // The last query stands in the browser's storage.
      await open();
      await page.waitForTimeout(1_500);
      expect(sent).toHaveLength(1);
    } finally {
      await browser.close();
    }
  }, 120_000);
});
