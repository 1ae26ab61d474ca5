import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';
import { hasBrowser, launchBrowser } from '../support/browser.ts';

describe.skipIf(!hasBrowser)('GraphiQL in a browser', () => {
  let app: TestApp;
  let browser: Browser;
  const feed = adsFeed([
    {
      date: new Date(Date.now() - 86_400_000).toISOString().slice(0, 10),
      campaign_id: 'C-1',
      channel: 'seen_in_browser',
      clicks: 2,
      impressions: 9,
      cost: 12.5,
    },
  ]);
  beforeAll(async () => {
    // A source waits until a browser looks.
    app = await startTestApp({ environment: { SOURCE_TIMEOUT_MS: '60000' } });
    app.answer({ ads: feed });
    await app.pull();
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  /** A page of a browser that has visited nothing; fails afterwards if the page complained, or asked another server. */
  const onNewPage = async (visit: (page: Page) => Promise<void>): Promise<void> => {
    const context = await browser.newContext();
    const complaints: string[] = [];
    context.on('console', (message) => complaints.push(message.text()));
    context.on('weberror', (error) => complaints.push(String(error.error())));
    context.on('request', (request) => {
      if (!request.url().startsWith(app.url) && request.url().startsWith('http'))
        complaints.push(request.url());
    });
    try {
      await visit(await context.newPage());
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  };

  /** Requests that the page sends, but for the schema's. */
  const watch = (page: Page): Record<string, unknown>[] => {
    const sent: Record<string, unknown>[] = [];
    page.on('request', (request) => {
      const body = request.method() === 'POST' ? (request.postData() ?? '') : '';
      if (body !== '' && !body.includes('IntrospectionQuery')) sent.push(JSON.parse(body));
    });
    return sent;
  };

  const addressOf = (asked: Record<string, string>): string =>
    `${app.url}/graphql?${new URLSearchParams(asked).toString()}`;
  const queryOf = (page: Page): string => new URL(page.url()).searchParams.get('query') ?? '';
  const editorOf = (page: Page) => page.locator('.graphiql-query-editor .CodeMirror');
  const answerOf = (page: Page) => page.locator('.graphiql-response');
  const runButton = (page: Page) => page.getByRole('button', { name: 'Execute query' });

  /** Replaces what the query editor holds. */
  const type = async (page: Page, text: string): Promise<void> => {
    await editorOf(page).click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type(text);
  };

  /** Opens an address, and waits for the editor and the schema. */
  const open = async (page: Page, address: string): Promise<void> => {
    const introspected = page.waitForResponse((response) =>
      (response.request().postData() ?? '').includes('IntrospectionQuery'),
    );
    await page.goto(address);
    await introspected;
    await page.locator('.graphiql-query-editor .CodeMirror-line').first().waitFor();
  };

  it('opens on the example query, and shows its figures after less than 700 kB', async () => {
    await onNewPage(async (page) => {
      const network = await page.context().newCDPSession(page);
      await network.send('Network.enable');
      const ofServer = new Set<string>();
      let received = 0;
      network.on('Network.requestWillBeSent', ({ requestId, request }) => {
        if (request.url.startsWith('http')) ofServer.add(requestId);
      });
      network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
        if (ofServer.has(requestId)) received += encodedDataLength;
      });
      const sent = watch(page);
      await open(page, `${app.url}/graphql`);
      await page.getByText('ChannelPerformance').first().waitFor();
      await answerOf(page).getByText('"seen_in_browser"').waitFor();
      expect(await answerOf(page).innerText()).toContain('12.5');
      expect(sent).toMatchObject([{ query: expect.stringContaining('query ChannelPerformance') }]);
      expect(await page.getByRole('button', { name: /GraphiQL Explorer/i }).count()).toBe(0);
      expect(page.url()).toBe(`${app.url}/graphql`);
      expect(received).toBeGreaterThan(200_000);
      expect(received).toBeLessThan(700_000);
    });
  }, 60_000);

  it('completes fields, shows the documentation, searches, and keeps what is typed in the address', async () => {
    await onNewPage(async (page) => {
      await open(page, `${app.url}/graphql`);
      await answerOf(page).getByText('"seen_in_browser"').waitFor();
      await type(page, '{ metricCat');
      await page.locator('.CodeMirror-hints').getByText('metricCatalog').waitFor();
      await page.keyboard.press('Enter');
      await page.waitForURL(/metricCatalog/);
      expect(queryOf(page)).toBe('{ metricCatalog}');
      await page.getByLabel('Variables').locator('.CodeMirror:visible').click();
      await page.keyboard.type('{"a":1');
      await page.waitForURL(/variables/);
      expect(new URL(page.url()).searchParams.get('variables')).toBe('{"a":1}');
      await editorOf(page).click();
      await page.keyboard.press('Control+f');
      await page.locator('.CodeMirror-search-field').waitFor();
      await page.keyboard.press('Escape');

      await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
      await page.locator('.graphiql-doc-explorer').getByText('Query', { exact: true }).click();
      await page.locator('.graphiql-doc-explorer').getByText('metricCatalog').first().waitFor();
      await page.getByRole('button', { name: 'Show History' }).click();
      await page.locator('.graphiql-history').getByText('ChannelPerformance').waitFor();
      await page.getByRole('button', { name: 'Open settings dialog' }).click();
      await page.getByRole('button', { name: 'Dark' }).click();
      expect(await page.locator('body').getAttribute('class')).toContain('graphiql-dark');
    });
  }, 60_000);

  it('opens again on what was typed, beside no empty tab', async () => {
    await onNewPage(async (page) => {
      await open(page, `${app.url}/graphql`);
      await answerOf(page).getByText('"seen_in_browser"').waitFor();
      const openAgain = async (shown: string): Promise<void> => {
        // GraphiQL stores its tabs half a second after a change.
        await expect.poll(() => page.evaluate("localStorage['graphiql:tabState']")).toContain(shown);
        await open(page, `${app.url}/graphql`);
        expect(await page.locator('.graphiql-tab').count()).toBe(0);
        expect(await editorOf(page).innerText()).toContain(shown);
      };
      await openAgain('query ChannelPerformance');
      await type(page, 'query Again { __typename');
      await page.waitForURL(/Again/);
      await openAgain('query Again');
    });
  }, 60_000);

  it('runs the query of a link once, and nothing else: no mutation or subscription, and not what was typed before', async () => {
    await onNewPage(async (page) => {
      const sent = watch(page);
      await open(
        page,
        addressOf({
          query: 'query Linked($all: Boolean!) { metricCatalog { measures @include(if: $all) { name } } }',
          variables: '{ "all": true }',
        }),
      );
      await answerOf(page).getByText('"IMPRESSIONS"').waitFor();
      expect(sent).toMatchObject([
        { query: expect.stringContaining('query Linked'), variables: { all: true } },
      ]);
      for (const harmful of [
        { query: 'mutation { triggerIngest { runs { id } } }' },
        { query: '# query\nmutation M { triggerIngest { runs { id } } }' },
        { query: 'subscription { ingestRun(id: "x") { id } }' },
        { query: 'query A { __typename } mutation B { triggerIngest { runs { id } } }', operationName: 'A' },
        { query: 'fragment F on Mutation { triggerIngest { runs { id } } } mutation { ...F }' },
        { query: '{ not closed' },
        { query: '{ __typename }', variables: '{ not closed' },
      ]) {
        await open(page, addressOf(harmful));
        await page.waitForTimeout(1_000);
        expect(sent, harmful.query).toHaveLength(1);
      }
      // The last query stands in the browser's storage.
      await open(page, `${app.url}/graphql`);
      await page.waitForTimeout(1_000);
      expect(sent).toHaveLength(1);
    });
  }, 120_000);

  it('runs the operation that a link names, until the query changes', async () => {
    await onNewPage(async (page) => {
      const sent = watch(page);
      await open(
        page,
        addressOf({
          query: 'query First { __typename } query Second { __typename }',
          operationName: 'Second',
        }),
      );
      await runButton(page).click();
      await answerOf(page).getByText('"Query"').waitFor();
      expect(sent).toMatchObject([{ operationName: 'Second' }]);
      await type(page, 'query Third { __typename');
      await page.waitForURL(/Third/);
      expect(page.url()).not.toContain('operationName');
      await runButton(page).click();
      await expect.poll(() => sent).toMatchObject([{}, { operationName: 'Third' }]);
    });
  }, 60_000);

  it('follows a run, and shows its states as they come', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    app.answer({
      ads: async (request, response) => {
        await held;
        await feed(request, response);
      },
    });
    const { data } = await app.query(
      'mutation { triggerIngest(input: { sources: ["ads"] }) { runs { id } } }',
    );
    const { triggerIngest } = data as unknown as { triggerIngest: { runs: { id: string }[] } };
    const query = `subscription { ingestRun(id: "${triggerIngest.runs[0]?.id}") { status } }`;
    await onNewPage(async (page) => {
      await open(page, addressOf({ query }));
      await runButton(page).click();
      await answerOf(page).getByText('"RUNNING"').waitFor();
      release();
      await answerOf(page).getByText('"SUCCEEDED"').waitFor();
      await runButton(page).waitFor();
    });
  }, 60_000);

  it('gives a query up when it is stopped', async () => {
    await onNewPage(async (page) => {
      await open(page, `${app.url}/graphql`);
      await answerOf(page).getByText('"seen_in_browser"').waitFor();
      await page.route('**/graphql', () => undefined);
      const asked = page.waitForEvent('request');
      await runButton(page).click();
      const request = await asked;
      await page.getByRole('button', { name: 'Stop query' }).click();
      await expect.poll(() => request.failure()?.errorText).toBe('net::ERR_ABORTED');
      await runButton(page).waitFor();
      expect(await answerOf(page).innerText()).not.toContain('abort');
    });
  }, 60_000);
});
