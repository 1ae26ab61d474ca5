import { expect, it } from 'vitest';
import { lookAtAll, type Site, settled } from './site.ts';

export function describeIngestion(siteOf: () => Site): void {
  it('tries a run, runs it, follows it until it has ended, and replays it', async () => {
    const site = siteOf();
    await site.visit(async (page) => {
      await page.goto(`${site.app.url}/ingestion`);
      const ads = page
        .getByRole('listitem')
        .filter({ has: page.getByRole('link', { name: 'ads', exact: true }) });
      await ads.getByRole('button', { name: 'Dry run' }).click();
      await page.getByRole('heading', { name: 'Run of ads · dry run' }).waitFor();
      await page.locator('.run dd', { hasText: 'Good' }).waitFor();
      await page.getByText('A run would change nothing.').waitFor();
      await ads.getByRole('button', { name: 'Run now' }).click();
      await page.getByRole('heading', { name: 'Run of ads', exact: true }).waitFor();
      await page.locator('.run dd', { hasText: 'Good' }).waitFor();
      const address = page.url();
      await page.getByRole('button', { name: 'Replay' }).click();
      await expect.poll(() => page.url()).not.toBe(address);
      await page.locator('.run dd', { hasText: 'Good' }).waitFor();
      await page.goBack();
      await expect.poll(() => page.url()).toBe(address);
    });
  });

  it('runs the days that are chosen, with the keyboard alone, and says what is wrong with them', async () => {
    const site = siteOf();
    await site.visit(async (page) => {
      await page.goto(`${site.app.url}/ingestion`);
      const form = page.getByRole('form', { name: 'Run of ads', exact: true });
      const days = page.locator('.run dl > div', { hasText: 'Days' }).locator('dd');
      const [from, to] = [site.day(-3), site.day(-1)];
      await form.getByRole('combobox', { name: 'Days' }).selectOption('Last days before today');
      await form.getByLabel('How many days').fill('3');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Run of ads · dry run' }).waitFor();
      await expect.poll(() => days.innerText()).toBe(`${from} – ${to}`);

      await form.getByRole('combobox', { name: 'Days' }).selectOption('From – to');
      await form.getByLabel('From', { exact: true }).fill(to);
      await form.getByLabel('To (optional)').fill(from);
      await form.getByRole('button', { name: 'Run now' }).click();
      await form.getByRole('alert').getByText('since is after until').waitFor();
      await form.getByLabel('From', { exact: true }).fill(from);
      await form.getByLabel('To (optional)').fill(to);
      await form.getByRole('button', { name: 'Run now' }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Run of ads', exact: true }).waitFor();
      await expect.poll(() => days.innerText()).toBe(`${from} – ${to}`);
      await page.locator('.run dd', { hasText: 'Good' }).waitFor();
    });
  });

  it('shows rejected records with their reason, and stores them once they are corrected', async () => {
    const site = siteOf();
    const pushed = await fetch(`${site.app.url}/ingest/ad-performance`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-workspace': 'rejects' },
      body: JSON.stringify([{ date: '2025-08-01', campaign_id: '<b>C</b>', channel: 'x', cost: 'much' }]),
    });
    await pushed.arrayBuffer();
    await site.visit(
      async (page) => {
        await page.goto(`${site.app.url}/ingestion`);
        await page.getByText('invalid_number').click();
        await page.getByText('"<b>C</b>"').waitFor();
        await page.getByLabel('Fields to change').fill('{"cost": "still much"}');
        await page.getByRole('button', { name: 'Try again' }).click();
        await page.getByRole('alert').getByText('invalid_number').waitFor();
        await page.getByLabel('Fields to change').fill('{"cost": 5}');
        await page.getByRole('button', { name: 'Try again' }).click();
        await page.getByText('Nothing found.').waitFor();
      },
      { workspace: 'rejects' },
    );
  });

  it('offers a viewer nothing that the server would refuse', async () => {
    const site = siteOf();
    await site.visit(async (page) => {
      await page.route(`${site.app.url}/ingestion`, async (route) => {
        const response = await route.fetch();
        const body = (await response.text()).replace('&#34;admin&#34;', '&#34;viewer&#34;');
        await route.fulfill({ response, body });
      });
      await page.goto(`${site.app.url}/ingestion`);
      await page.getByRole('link', { name: 'ads', exact: true }).waitFor();
      await settled(page);
      expect(await page.getByRole('button').allInnerTexts()).toEqual([]);
      expect(await page.getByRole('heading', { name: 'Rejected records' }).count()).toBe(0);
    });
  });

  it('says why a source fails, here and on the overview', async () => {
    const site = siteOf();
    await site.failSources();
    await site.visit(async (page) => {
      await page.goto(`${site.app.url}/ingestion`);
      const crm = page
        .getByRole('listitem')
        .filter({ has: page.getByRole('link', { name: 'crm', exact: true }) });
      await crm.getByRole('button', { name: 'Run now' }).click();
      await page.locator('.run dd', { hasText: 'Failed' }).waitFor();
      await page.locator('.run').getByText('SOURCE_UNAVAILABLE').waitFor();
      await page.getByRole('link', { name: 'Overview' }).click();
      await page.locator('.sources').getByText('The last run failed').waitFor();
    });
  });

  it('looks right, wide in light colours and narrow in dark ones', async () => {
    await lookAtAll(siteOf(), '/ingestion', 'ingestion', (page) =>
      page.getByRole('link', { name: 'ads', exact: true }).waitFor(),
    );
  });
}
