import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { hostileNames, keepScreenshot, lookAtAll, type Site, settled } from './site.ts';

const figuresIn = (page: Page, rows: string): Promise<string[][]> =>
  page
    .locator(`.explore-table ${rows}`)
    .evaluateAll((all) => all.map((row) => [...row.querySelectorAll('data')].map(({ value }) => value)));

const texts = (figures: readonly (string | number | null | undefined)[]): string[] =>
  figures.map((figure) => (figure === null || figure === undefined ? '' : String(figure)));

export function describeExplore(siteOf: () => Site): void {
  it('goes from the first look to a shared address and back, with the figures of the API', async () => {
    const site = siteOf();
    let address = '';
    let shown: string[][] = [];
    await site.visit(async (page) => {
      await page.goto(`${site.app.url}/`);
      await page.getByRole('link', { name: 'Explore' }).click();
      await page.getByRole('row', { name: /google_ads/ }).waitFor();
      await settled(page);
      const { nodes } = (await site.ask('channels')).metrics;
      const rows = nodes.map(({ cost, leads, cpa, revenue, roas }) =>
        texts([cost, leads, cpa, revenue, roas]),
      );
      expect(await figuresIn(page, 'tbody tr')).toEqual(rows);
      const { totals } = (await site.ask('totals', { range: { preset: 'LAST_30_DAYS' } })).metrics;
      expect(await figuresIn(page, 'tr.total')).toEqual([
        texts([totals.cost, totals.leads, totals.cpa, totals.revenue, totals.roas]),
      ]);

      await page.locator('summary', { hasText: 'Rows' }).click();
      await page.getByLabel('UTM source', { exact: true }).check();
      await page.getByLabel('Kind of chart').selectOption('Stacked');
      await page.getByLabel('How many values').selectOption('Top 5 + others');
      await page.getByRole('columnheader', { name: 'Leads' }).getByRole('link').click();
      await settled(page);
      address = page.url();
      expect(new URL(address).search).toBe('?rows=channel,utm_source&chart=stacked&top=5&sort=-leads');
      expect(await page.getByText(/^Subtotal/).count()).toBeGreaterThan(3);
      shown = await figuresIn(page, 'tbody tr');
    });
    await site.visit(async (page) => {
      await page.goto(address);
      await settled(page);
      expect(await figuresIn(page, 'tbody tr')).toEqual(shown);
      await page.locator('.explore-table').getByRole('link', { name: 'meta_ads' }).first().click();
      await page.getByRole('link', { name: 'Remove the filter Channel is meta_ads' }).waitFor();
      await settled(page);
      expect(await figuresIn(page, 'tbody tr')).not.toEqual(shown);
      await page.goBack();
      await settled(page);
      expect(await figuresIn(page, 'tbody tr')).toEqual(shown);
    });
  });

  it('shows unattributed rows apart in its chart, however small they are', async () => {
    const site = siteOf();
    await site.visit(async (page) => {
      await page.goto(`${site.app.url}/explore?rows=campaign_id&measures=leads&top=5`);
      await settled(page);
      expect(await page.locator('.legend li').allTextContents()).toEqual(
        expect.arrayContaining([expect.stringContaining('unattributed'), expect.stringContaining('(other)')]),
      );
      await page.locator('.explore-table tbody tr', { hasText: 'unattributed' }).waitFor();
    });
  });

  it('leads from a figure to the records that it counts', async () => {
    const site = siteOf();
    await site.visit(async (page) => {
      await page.goto(`${site.app.url}/explore?measures=cost,leads,closed_won,revenue`);
      await settled(page);
      const row = page.locator('.explore-table tbody tr', { hasText: 'unattributed' });
      const [, leads, won, revenue] = await row
        .locator('data')
        .evaluateAll((all) => all.map((one) => one.getAttribute('value')));
      await row.getByRole('link', { name: /^Leads/ }).click();
      await page.getByText(`${leads} rows`).waitFor();
      expect(await page.locator('.records tbody tr').count()).toBe(Math.min(Number(leads), 50));
      await page.getByRole('link', { name: 'Won', exact: true }).click();
      await page.getByText(`${won} rows`).waitFor();
      await settled(page);
      const amounts = await page
        .locator('.records data')
        .evaluateAll((all) => all.map((one) => Number(one.getAttribute('value'))));
      expect(amounts.reduce((total, amount) => total + amount, 0)).toBeCloseTo(Number(revenue), 2);
      await page.getByRole('link', { name: 'Ads rows' }).click();
      await page.getByText('0 rows').waitFor();
    });
  });

  it('filters by custom dimensions, with values suggested as one types or by a click', async () => {
    const site = siteOf();
    const pushed = await fetch(`${site.app.url}/ingest/ad-performance`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-workspace': 'countries' },
      body: JSON.stringify(
        [
          ['Germany', 5],
          ['Spain', 7],
          ['France', 11],
        ].map(([country, cost]) => ({
          date: site.day(-1),
          campaign_id: 'C-1',
          channel: 'x',
          cost,
          breakdowns: { country },
        })),
      ),
    });
    expect(await pushed.json()).toMatchObject({ accepted: 3 });
    await site.visit(
      async (page) => {
        await page.goto(`${site.app.url}/`);
        await page.getByText('+ Filter').click();
        await page.getByLabel('Dimension').first().selectOption('country');
        const value = page.getByRole('combobox', { name: 'Value', exact: true });
        await value.fill('spa');
        // Not the list of before, which has Spain, too.
        await expect.poll(() => page.locator('.suggestions li').allInnerTexts()).toEqual(['Spain']);
        await value.press('ArrowDown');
        await value.press('Enter');
        await page.getByRole('link', { name: 'Remove the filter country is Spain' }).waitFor();
        await settled(page);
        expect(new URL(page.url()).search).toBe('?f=breakdown.country|is|Spain');
        expect(await page.locator('.tile[data-measure=COST] data').getAttribute('value')).toBe('7');

        await page.goto(`${site.app.url}/explore?measures=cost&breakdown=country`);
        await page.locator('.explore-table').getByRole('link', { name: 'France' }).click();
        await page.getByRole('link', { name: 'Remove the filter country is France' }).waitFor();
        await settled(page);
        expect(await figuresIn(page, 'tbody tr')).toEqual([['11']]);
        expect(await figuresIn(page, 'tr.total')).toEqual([['11']]);
        await page.locator('.explore-table tbody').getByRole('link', { name: /^Cost/ }).click();

        await page.getByText('1 rows').waitFor();
      },
      { workspace: 'countries' },
    );
  });

  it('downloads all rows, whose names are no formulas, and shows the query behind them', async () => {
    const site = siteOf();
    await site.visit(
      async (page) => {
        await page.goto(`${site.app.url}/explore?rows=campaign_id&range=last_7_days&measures=cost,clicks`);
        await page.getByText('10,000 rows').waitFor();
        for (const name of hostileNames) await page.getByRole('link', { name, exact: true }).waitFor();
        await keepScreenshot(page, 'explore-many');
        await page.getByRole('link', { name: 'Next page' }).click();
        await page.getByRole('link', { name: 'campaign 60', exact: true }).waitFor();
        await page.getByText('Download', { exact: true }).click();
        const [file] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('link', { name: 'CSV, for spreadsheets' }).click(),
        ]);
        expect(file.suggestedFilename()).toMatch(/^metrics_[\d-]+_[\d-]+_by_campaignId\.csv$/);
        const lines = (await readFile(await file.path(), 'utf8')).split('\n');
        expect(lines).toHaveLength(10_002);
        expect(lines[0]).toBe('\uFEFF"campaignId","clicks","cost"');
        expect(lines[1]).toBe(`"${hostileNames[0]?.replaceAll('"', '""')}",10,1000`);
        expect(lines.filter((line) => /^"[=+\-@]/.test(line))).toEqual([]);
        await page.getByRole('button', { name: 'Show query' }).click();
        await page.getByRole('dialog').getByText('query Explore(').waitFor();
        await page.getByRole('button', { name: 'curl' }).click();
        await page.getByRole('dialog').getByText(`curl -sS '${site.app.url}/graphql'`).waitFor();
        await page.keyboard.press('Escape');
        expect(await page.getByRole('dialog').count()).toBe(0);
      },
      { workspace: 'many' },
    );
  });

  it('looks right, wide in light colours and narrow in dark ones', async () => {
    await lookAtAll(siteOf(), '/explore?rows=channel,utm_medium&chart=stacked', 'explore', (page) =>
      page
        .getByRole('row', { name: /google_ads/ })
        .first()
        .waitFor(),
    );
    await lookAtAll(siteOf(), '/records?of=crm&stage=won', 'records', (page) =>
      page
        .getByRole('row', { name: /google_ads/ })
        .first()
        .waitFor(),
    );
  });
}
