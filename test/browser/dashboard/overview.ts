import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { hostileNames, keepScreenshot, lookAtAll, type Site, settled } from './site.ts';

const range = { preset: 'LAST_30_DAYS' };

/** The exact figures of the tiles, by measure. */
const tilesOf = async (page: Page): Promise<Record<string, number>> =>
  Object.fromEntries(
    await page
      .locator('.tile')
      .evaluateAll((tiles) =>
        tiles.map((tile) => [tile.dataset.measure, Number(tile.querySelector('data')?.value)] as const),
      ),
  );

const rowsOf = (page: Page, title: string): Promise<string[][]> =>
  page
    .locator('section.ranked', { has: page.getByRole('heading', { name: title }) })
    .locator('tbody tr')
    .evaluateAll((rows) =>
      rows.map((row) => [
        row.querySelector('a')?.textContent ?? '',
        ...[...row.querySelectorAll('data')].map(({ value }) => value),
      ]),
    );

const texts = (figures: readonly (string | number | null | undefined)[]): string[] =>
  figures.map((figure) => (figure === null || figure === undefined ? '' : String(figure)));

export function describeOverview(siteOf: () => Site): void {
  it('shows the figures that the API gives, in at most four requests, and nothing moves while they come', async () => {
    const site = siteOf();
    await site.visit(async (page) => {
      const asked: string[] = [];
      page.on('request', (request) => {
        if (request.url().includes('/graphql')) asked.push(request.url());
      });
      await page.addInitScript(
        'window.shift = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shift += entry.value; }).observe({ type: "layout-shift", buffered: true })',
      );
      await page.goto(site.app.url);
      await page.getByRole('row', { name: /google_ads/ }).waitFor();
      await settled(page);
      expect(asked.length).toBeLessThanOrEqual(4);
      expect(asked.filter((url) => !url.includes('documentId='))).toEqual([]);
      expect(await page.evaluate('window.shift')).toBeLessThan(0.01);

      const { totals } = (await site.ask('totals', { range })).metrics;
      expect(await tilesOf(page)).toEqual({
        COST: totals.cost,
        LEADS: totals.leads,
        CPA: totals.cpa,
        OPPORTUNITIES: totals.opportunities,
        CLOSED_WON: totals.closedWon,
        REVENUE: totals.revenue,
        ROAS: totals.roas,
      });
      const { nodes } = (await site.ask('channels')).metrics;
      expect(await rowsOf(page, 'Channels')).toEqual(
        nodes.map(({ channel, cost, leads, revenue, roas }) =>
          texts([channel ?? '(unattributed)', cost, leads, revenue, roas]),
        ),
      );
      const [funnel] = (await site.ask('funnel')).funnel;
      expect(
        await page
          .locator('.funnel data')
          .evaluateAll((all) => all.map((one) => Number(one.getAttribute('value')))),
      ).toEqual(funnel?.steps.map(({ count }) => count));
      // The days of the chart, as its table has them, add up to the tile.
      await page.getByText('Show as a table').click();
      const cells = await page.locator('.chart-table tbody tr td:nth-child(2)').allInnerTexts();
      const sum = cells.reduce((total, cell) => total + Number(cell.replace(/[$,]/g, '')), 0);
      expect(Math.abs(sum - Number(totals.cost))).toBeLessThan(cells.length);
    });
  });

  it('looks right, wide in light colours and narrow in dark ones', async () => {
    await lookAtAll(siteOf(), '/', 'overview', (page) =>
      page.getByRole('row', { name: /google_ads/ }).waitFor(),
    );
  });

  it('narrows to what is clicked, in an address that shows another person the same', async () => {
    const site = siteOf();
    let address = '';
    let shown: Record<string, number> = {};
    await site.visit(async (page) => {
      await page.goto(site.app.url);
      await page.getByRole('link', { name: 'meta_ads' }).click();
      await page.getByRole('link', { name: 'Remove the filter Channel is meta_ads' }).waitFor();
      await page.getByLabel('Compare with').selectOption('Previous year');
      await page.locator('.tile', { hasText: 'Leads' }).click();
      await page.locator('summary', { hasText: 'Last 30 days' }).click();
      await page.getByRole('link', { name: 'Last 14 days' }).click();
      await settled(page);
      address = page.url();
      shown = await tilesOf(page);
    });
    expect(new URL(address).search).toBe(
      '?range=last_14_days&compare=year&f=channel|is|meta_ads&measure=leads',
    );
    const where = { channel: { in: ['meta_ads'] } };
    const { totals } = (await site.ask('totals', { range: { preset: 'LAST_14_DAYS' }, where })).metrics;
    expect([shown.COST, shown.LEADS]).toEqual([totals.cost, totals.leads]);
    await site.visit(async (page) => {
      await page.goto(address);
      await page.getByRole('row', { name: /meta_ads/ }).waitFor();
      await settled(page);
      expect(await tilesOf(page)).toEqual(shown);
      await page.getByRole('link', { name: /Remove the filter/ }).click();
      await settled(page);
      expect((await tilesOf(page)).COST).toBeGreaterThan(shown.COST ?? 0);
      await page.goBack();
      await settled(page);
      expect(await tilesOf(page)).toEqual(shown);
    });
  });

  it('keeps the figures that its reader chose, in their order', async () => {
    const site = siteOf();
    await site.visit(async (page) => {
      await page.goto(site.app.url);
      await page.getByText('Choose figures').click();
      await page.getByLabel('ROAS', { exact: true }).uncheck();
      await page.getByLabel('Clicks', { exact: true }).check();
      await page.getByRole('button', { name: 'Move Leads up' }).click();
      await settled(page);
      const names = await page.locator('.tile-name').allInnerTexts();
      expect(names).toEqual(['Leads', 'Cost', 'CPA', 'Opportunities', 'Won', 'Revenue', 'Clicks']);
      await page.goto(site.app.url);
      await settled(page);
      expect(await page.locator('.tile-name').allInnerTexts()).toEqual(names);
      const { totals } = (await site.ask('totals', { range })).metrics;
      expect((await tilesOf(page)).CLICKS).toBe(totals.clicks);
    });
  });

  it('can be used with the keyboard alone, and the chart read point by point', async () => {
    const site = siteOf();
    await site.visit(async (page) => {
      await page.goto(site.app.url);
      await settled(page);
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.getByRole('combobox', { name: 'Value', exact: true }).focus();
      await page.keyboard.type('goo');
      await page.getByRole('option', { name: 'google_ads' }).waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: 'Remove the filter Channel is google_ads' }).waitFor();
      await settled(page);
      await page.getByRole('img', { name: /Cost by/ }).focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
      expect(await page.locator('.tip').innerText()).toMatch(
        /\w+ \d+, \d{4}\s+Cost \$[\d,.]+\s+Before \$[\d,.]+/,
      );
    });
  });

  it('says what to do where the API fails, is slow, or has nothing', async () => {
    const site = siteOf();
    await site.visit(
      async (page) => {
        await page.route('**/graphql?**', (route) => route.abort());
        await page.goto(site.app.url);
        await page.getByRole('alert').first().getByText('The server cannot be reached').waitFor();
        await page.unroute('**/graphql?**');
        await page.route('**/graphql?**', (route) =>
          route.fulfill({
            status: 503,
            contentType: 'application/json',
            body: '{"errors":[{"message":"x","extensions":{"code":"STORE_UNAVAILABLE"}}]}',
          }),
        );
        await page.getByRole('button', { name: 'Try again' }).first().click();
        await page.getByText('The database cannot be reached').first().waitFor();
        await page.unroute('**/graphql?**');
        let release = (): void => undefined;
        const held = new Promise<void>((resolve) => {
          release = resolve;
        });
        await page.route('**/graphql?**', async (route) => {
          await held;
          await route.continue();
        });
        await page.reload();
        await page.locator('.tile .bone').first().waitFor();
        expect(await page.locator('.tile data').count()).toBe(0);
        release();
        await page.getByRole('row', { name: /google_ads/ }).waitFor();
      },
      { expected: /Failed to load resource/ },
    );
    await site.visit(
      async (page) => {
        await page.goto(site.app.url);
        await page.getByText('No data yet').waitFor();
        await page.getByText('Connect a source').waitFor();
        await settled(page);
        await keepScreenshot(page, 'overview-empty');
      },
      { workspace: 'nothing' },
    );
  });

  it('shows 10,000 campaigns, and names that would be scripts as what they are', async () => {
    const site = siteOf();
    await site.visit(
      async (page) => {
        await page.goto(`${site.app.url}/?range=last_7_days`);
        await page.getByText('8 of 10,000').first().waitFor();
        await settled(page);
        for (const name of hostileNames) {
          await page.goto(`${site.app.url}/?range=last_7_days`);
          await page.getByRole('link', { name, exact: true }).first().click();
          await page.getByRole('link', { name: `Remove the filter Channel is ${name}` }).waitFor();
          await page.reload();
          await page.getByRole('link', { name: `Remove the filter Channel is ${name}` }).waitFor();
        }
        await page.getByText('+ Filter').click();
        await page.getByLabel('Dimension').first().selectOption('Campaign');
        await page.getByRole('combobox', { name: 'Value', exact: true }).fill('svg/on');
        await page.locator('.suggestions [role=option]').first().waitFor();
        await settled(page);
        await keepScreenshot(page, 'overview-hostile');
      },
      { workspace: 'many' },
    );
  });

  it('speaks Spanish, and writes figures as in Spain, to those whose browser does', async () => {
    const site = siteOf();
    await site.visit(
      async (page) => {
        await page.goto(site.app.url);
        await page.getByRole('heading', { name: 'Campañas' }).waitFor();
        await settled(page);
        expect(await page.locator('.tile', { hasText: 'Coste' }).locator('strong').innerText()).toMatch(
          /^\d{1,3}\.\d{3}\s\$$/,
        );
        expect(await page.locator('html').getAttribute('lang')).toBe('es');
      },
      { locale: 'es-ES' },
    );
  });
}
