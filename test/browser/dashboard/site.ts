import { mkdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { startSampleSources } from '../../../src/demo/sample-sources.ts';
import { everything } from '../../../src/ingest/pull/trigger-input.ts';
import { createDayOfInstant, formatDay } from '../../../src/records/day.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { launchBrowser } from '../../support/browser.ts';

/** Screenshots of each run: CI keeps this folder. */
const screenshots = fileURLToPath(new URL('../../../screenshots/', import.meta.url));

/** Text that would run in a page that took it for markup. */
export const hostileNames = [
  '<img src=x onerror="window.hacked=1">',
  '"><script>window.hacked=1</script>',
  `javascript:window.hacked=1//'"`,
  '<svg/onload=window.hacked=1>',
] as const;

/** What the tests themselves ask, as documents of an operator: the server answers no others. */
const questions = {
  totals:
    'query ($range: DateRangeInput!, $compareTo: CompareToInput, $where: MetricsWhere) { metrics(dateRange: $range, compareTo: $compareTo, where: $where) { totals { cost leads cpa opportunities closedWon revenue roas clicks relativeChange { cost leads cpa } } } }',
  channels:
    '{ metrics(dateRange: { preset: LAST_30_DAYS }, groupBy: [CHANNEL], orderBy: [{ measure: COST, direction: DESC }]) { nodes { channel cost leads cpa revenue roas } } }',
  quality: '{ dataQuality(dateRange: { preset: LAST_30_DAYS }) { matches { records } } }',
  funnel: '{ funnel(dateRange: { preset: LAST_30_DAYS }) { steps { count } } }',
} as const;

/** utmql with the demo’s data in the workspace `default`, and a browser. */
export interface Site {
  readonly app: TestApp;
  readonly browser: Browser;
  /**
   * A page of a browser that has visited nothing. Fails afterwards if the page complained, asked another server, or ran what it
   * should show.
   */
  visit(work: (page: Page) => Promise<void>, options?: VisitOptions): Promise<void>;
  /** Asks the API, as another program would. */
  ask(question: keyof typeof questions, variables?: Record<string, unknown>): Promise<ApiFigures>;
  /** A day so many days after today. */
  day(distance: number): string;
  /** From now on the sources do not answer. */
  failSources(): Promise<void>;
  close(): Promise<void>;
}

/** What the answers of the questions have in common. */
interface ApiFigures {
  readonly metrics: {
    readonly totals: Record<string, number | null>;
    readonly nodes: Record<string, number | string | null>[];
  };
  readonly dataQuality: { readonly matches: { readonly records: number }[] };
  readonly funnel: { readonly steps: { readonly count: number }[] }[];
}

interface VisitOptions extends BrowserContextOptions {
  readonly workspace?: string;
  /** Complaints of the browser that belong to the test. */
  readonly expected?: RegExp;
}

export async function openSite(environment: Record<string, string> = {}): Promise<Site> {
  const today = createDayOfInstant('UTC')(Date.now());
  const sources = await startSampleSources({ today });
  const folder = await mkdtemp(join(tmpdir(), 'utmql-site-'));
  const manifest = join(folder, 'manifest.json');
  await writeFile(manifest, JSON.stringify(questions));
  const app = await startTestApp({
    environment: {
      ADS_API_URL: sources.adsUrl,
      CRM_API_URL: sources.crmUrl,
      SOURCE_TIMEOUT_MS: '60000',
      TRUSTED_DOCUMENTS: 'only',
      PERSISTED_MANIFEST: manifest,
      ...environment,
    },
  });
  await app.ingest.trigger(
    { ...everything, since: today - 80, wait: true },
    { workspace: 'default', requestId: 'test', name: 'test' },
  );
  await pushHostileCampaigns(app, formatDay(today - 1));
  const browser = await launchBrowser();
  return {
    app,
    browser,
    async visit(work, { workspace, expected, ...options } = {}) {
      const context = await browser.newContext({
        locale: 'en-US',
        ...options,
        ...(workspace !== undefined && { extraHTTPHeaders: { 'x-workspace': workspace } }),
      });
      const complaints: string[] = [];
      const complain = (text: string): void => {
        if (!expected?.test(text)) complaints.push(text);
      };
      context.on('console', (message) => complain(message.text()));
      context.on('weberror', (error) => complain(String(error.error())));
      context.on('request', (request) => {
        if (!request.url().startsWith(app.url)) complain(request.url());
      });
      try {
        const page = await context.newPage();
        await work(page);
        expect(await page.evaluate('window.hacked')).toBeUndefined();
        expect(complaints).toEqual([]);
      } finally {
        await context.close();
      }
    },
    async ask(documentId, variables = {}) {
      const response = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ documentId, variables }),
      });
      const { data, errors } = (await response.json()) as { data: ApiFigures; errors?: unknown };
      expect(errors).toBeUndefined();
      return data;
    },
    day: (distance) => formatDay(today + distance),
    failSources: () => sources.close(),
    async close() {
      await browser.close();
      await app.close();
      await sources.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** 10,000 campaigns in the workspace `many`, the costliest of which have hostile names. */
async function pushHostileCampaigns(app: TestApp, date: string): Promise<void> {
  const lines = Array.from({ length: 10_000 }, (_, index) => {
    const name = hostileNames[index] ?? `campaign ${index}`;
    return JSON.stringify({
      date,
      campaign_id: name,
      channel: index < hostileNames.length ? name : `channel ${index % 3}`,
      clicks: 10,
      impressions: 100,
      cost: Math.max(1_000 - index, 1),
      utm_campaign: name,
      utm_source: name,
      utm_medium: 'cpc',
    });
  });
  const response = await fetch(`${app.url}/ingest/ad-performance`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', 'x-workspace': 'many' },
    body: lines.join('\n'),
  });
  expect([response.status, await response.json()]).toMatchObject([200, { accepted: 10_000 }]);
}

export const settled = (page: Page) =>
  expect.poll(() => page.locator('[aria-busy=true]').count(), { timeout: 15_000 }).toBe(0);

/** Keeps what the page looks like. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: `${screenshots}${name}.png`, fullPage: true });
}

/** Keeps what is seen of the page at once, small enough for the documentation. */
const keepPicture = (page: Page, name: string) =>
  page.screenshot({ path: `${screenshots}${name}.jpg`, type: 'jpeg', quality: 80 });

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds serious or critical on the page, as `rule: element`. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate<
    { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[]
  >('axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)');
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary}`),
    );
}

const windows = [
  { width: 1_440, height: 1_000 },
  { width: 390, height: 844 },
] as const;
const schemes = ['light', 'dark'] as const;

/** Fails if a page is wider than the window. */
export async function expectNoOverflow(page: Page, name?: string): Promise<void> {
  const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
  expect(overflow, name).toBeLessThanOrEqual(0);
}

/** Looks at a page in each width and scheme: no overflow, nothing serious from axe, and a screenshot. */
export async function lookAtAll(
  site: Site,
  path: string,
  name: string,
  ready: (page: Page) => Promise<unknown>,
) {
  for (const viewport of windows)
    await site.visit(
      async (page) => {
        await page.goto(site.app.url + path);
        await ready(page);
        await settled(page);
        await expectNoOverflow(page);
        for (const colorScheme of schemes) {
          await page.emulateMedia({ colorScheme });
          await keepScreenshot(page, `${name}-${viewport.width}-${colorScheme}`);
          if (viewport.width === 1_440 && colorScheme === 'light') await keepPicture(page, name);
          expect(await seriousFindings(page)).toEqual([]);
        }
      },
      { viewport, colorScheme: 'light' },
    );
}
