import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDayOfInstant, formatDay } from '../../../src/records/day.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { makeKeys, type TestKeys } from '../../support/keys.ts';
import { expectNoOverflow, keepScreenshot, type Site, seriousFindings, settled } from './site.ts';

/** A page of another site, which shows the address after `?` in a frame. */
async function startOtherSite(): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const address = decodeURIComponent(request.url?.split('?')[1] ?? '');
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end(`<!doctype html><title>wiki</title><iframe src="${address}" width="900" height="900"></iframe>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

const figures = (page: Page): Promise<string[]> =>
  page.locator('.tile data').evaluateAll((all) => all.map((one) => one.getAttribute('value') ?? ''));

export function describeViews(siteOf: () => Site): void {
  let keys: TestKeys;
  let app: TestApp;
  let others: Awaited<ReturnType<typeof startOtherSite>>[];
  const texts = { admin: '', viewer: '' };

  beforeAll(async () => {
    others = [await startOtherSite(), await startOtherSite()];
    keys = await makeKeys();
    const admin = await keys.create({ name: 'boss', role: 'admin', workspace: ['default'] });
    const viewer = await keys.create({ name: 'ana', role: 'viewer', workspace: ['default'] });
    texts.admin = admin.authorization.slice(7);
    texts.viewer = viewer.authorization.slice(7);
    app = await startTestApp({
      environment: {
        API_KEYS_FILE: keys.file,
        TRUSTED_DOCUMENTS: 'only',
        EMBED_ORIGINS: others[0]?.url ?? '',
      },
    });
    const today = createDayOfInstant('UTC')(Date.now());
    const records = Array.from({ length: 40 }, (_, index) => ({
      date: formatDay(today - 1 - index),
      campaign_id: `C-${index % 3}`,
      channel: index % 2 === 0 ? 'google_ads' : 'meta_ads',
      clicks: 10 + index,
      impressions: 1_000,
      cost: 100 + index,
      utm_campaign: `sale ${index % 3}`,
      utm_source: 'google',
      utm_medium: 'cpc',
    }));
    const response = await fetch(`${app.url}/ingest/ad-performance`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...admin },
      body: JSON.stringify(records),
    });
    expect(await response.json()).toMatchObject({ accepted: 40 });
  });
  afterAll(async () => {
    await app.close();
    await keys.close();
    for (const { server } of others) server.close();
  });

  /** A page of a browser that has visited nothing, and what it complains of. */
  async function visit(
    work: (page: Page) => Promise<void>,
    options: BrowserContextOptions & { key?: string; expected?: RegExp } = {},
  ): Promise<void> {
    const { key, expected, ...rest } = options;
    const context = await siteOf().browser.newContext({ locale: 'en-US', ...rest });
    const complaints: string[] = [];
    const complain = (text: string): void => {
      if (!expected?.test(text)) complaints.push(text);
    };
    try {
      const page = await context.newPage();
      if (key !== undefined) {
        await page.goto(`${app.url}/login`);
        await page.getByLabel('API key or token').fill(key);
        await page.getByRole('button', { name: 'Log in' }).click();
        await settled(page);
      }
      context.on('console', (message) => complain(message.text()));
      context.on('weberror', (error) => complain(String(error.error())));
      await work(page);
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  }
  const openMenu = async (page: Page): Promise<void> => {
    await page.locator('summary', { hasText: 'Views' }).click();
    // What is not there yet would count as settled.
    await page.locator('.view-list').waitFor({ state: 'attached' });
    await settled(page);
  };

  let link = '';
  let shown: string[] = [];

  it('are saved, opened by another person from the menu, and asked for only then', async () => {
    await visit(
      async (page) => {
        const asked: string[] = [];
        page.on('request', (request) => {
          if (request.url().includes('/graphql')) asked.push(request.postData() ?? '');
        });
        await page.goto(`${app.url}/?range=last_14_days&f=channel|is|google_ads`);
        await settled(page);
        // The tiles of this browser belong to the view.
        await page.locator('summary', { hasText: 'Choose figures' }).click();
        await page.locator('.tiles-menu').getByLabel('Clicks', { exact: true }).check();
        await settled(page);
        shown = await figures(page);
        expect(shown).toHaveLength(8);
        const before = asked.length;
        await page.keyboard.press('Escape');
        await openMenu(page);
        expect(asked.length).toBe(before + 1);
        await page.getByText('Nobody has saved a view yet.').waitFor();
        await page.getByLabel('Save this view').fill('Google, two weeks');
        await page.keyboard.press('Enter');
        await page.getByText('“Google, two weeks” is saved.').waitFor();
        await page.getByLabel('Save this view').fill('GOOGLE, two weeks');
        await page.keyboard.press('Enter');
        await page.getByRole('alert').filter({ hasText: 'another view is called' }).waitFor();
        // What belongs to others, and links, are not for a viewer.
        await page.getByRole('button', { name: 'Change the view Google, two weeks' }).click();
        expect(await page.getByRole('button', { name: 'Share …' }).count()).toBe(0);
        expect(await page.getByRole('button', { name: 'Make it the home view' }).count()).toBe(0);
        await page.getByLabel('Name', { exact: true }).fill('Google');
        await page.getByRole('button', { name: 'Rename' }).click();
        await page.getByText('“Google” is saved.').waitFor();
        await page.keyboard.press('Escape');
        expect(await page.locator('.views-menu').getAttribute('open')).toBeNull();
      },
      { key: texts.viewer },
    );
  });

  it('are home, and shared by a link, by an admin', async () => {
    await visit(
      async (page) => {
        await page.goto(app.url);
        await openMenu(page);
        await page.getByRole('link', { name: /^Google/ }).click();
        await settled(page);
        expect(new URL(page.url()).search).toMatch(
          /^\?range=last_14_days&f=channel\|is\|google_ads&tiles=cost,[a-z_,]+,clicks$/,
        );
        expect(await figures(page)).toEqual(shown);
        await openMenu(page);
        await page.getByRole('button', { name: 'Change the view Google' }).click();
        await page.getByRole('button', { name: 'Make it the home view' }).click();
        await page.locator('.badge', { hasText: 'Home' }).waitFor();
        await settled(page);
        await page.getByRole('button', { name: 'Change the view Google' }).click();
        expect(await seriousFindings(page)).toEqual([]);
        await keepScreenshot(page, 'views');
        await page.getByRole('button', { name: 'Share …' }).click();
        const dialog = page.getByRole('dialog', { name: 'Share “Google”' });
        await dialog.getByText('This view is not shared.').waitFor();
        await dialog.getByLabel('Days until it expires').fill('7');
        await dialog.getByRole('button', { name: 'Make a link' }).click();
        link = await dialog.getByLabel('Link', { exact: true }).inputValue();
        expect(link.startsWith(`${app.url}/share?t=`)).toBe(true);
        expect(await dialog.getByLabel('For a page that shows it', { exact: true }).inputValue()).toContain(
          `<iframe src="${link}"`,
        );
        await dialog.getByRole('button', { name: /^Revoke the link/ }).waitFor();
        expect(await seriousFindings(page)).toEqual([]);
        await keepScreenshot(page, 'views-share');
        // The keyboard closes the dialog, and then the menu.
        await page.keyboard.press('Escape');
        expect(await page.getByRole('dialog').count()).toBe(0);
        expect(await page.locator('.views-menu').getAttribute('open')).not.toBeNull();

        await page.goto(app.url);
        await settled(page);
        expect(await figures(page)).toEqual(shown);
        await page.getByRole('link', { name: 'Overview' }).click();
        await settled(page);
        expect(new URL(page.url()).search).toBe('');
      },
      { key: texts.admin },
    );
  });

  it.each([
    { width: 1_440, height: 1_000, colorScheme: 'light' as const },
    { width: 390, height: 844, colorScheme: 'dark' as const },
  ])('show by a link their figures, and lead nowhere: %j', async ({ width, height, colorScheme }) => {
    await visit(
      async (page) => {
        const asked: string[] = [];
        page.on('request', (request) => asked.push(new URL(request.url()).pathname));
        await page.goto(link);
        await page.getByRole('heading', { name: 'Google', level: 1 }).waitFor();
        await page.getByRole('row', { name: /google_ads/ }).waitFor();
        await settled(page);
        expect(await figures(page)).toEqual(shown);
        expect(await page.title()).toBe('Google · utmql');
        await page.getByText('Shared by utmql, as of ').waitFor();
        expect(await page.getByRole('listitem').filter({ hasText: 'Channel is google_ads' }).count()).toBe(1);
        for (const role of ['link', 'button', 'combobox', 'navigation'] as const)
          expect([role, await page.getByRole(role).count()]).toEqual([role, 0]);
        expect([...new Set(asked)].filter((path) => !path.startsWith('/assets/')).sort()).toEqual([
          '/share',
          '/share/answers',
        ]);
        expect(await page.evaluate('localStorage.length + document.cookie.length')).toBe(0);
        await expectNoOverflow(page);
        expect(await seriousFindings(page)).toEqual([]);
        await keepScreenshot(page, `shared-${width}-${colorScheme}`);
      },
      { viewport: { width, height }, colorScheme },
    );
  });

  it('are shown in a frame by pages of the origins that may, and by no others', async () => {
    const [friend, stranger] = others;
    await visit(async (page) => {
      await page.goto(`${friend?.url}/?${encodeURIComponent(link)}`);
      const frame = page.frameLocator('iframe');
      await frame.getByRole('heading', { name: 'Google', level: 1 }).waitFor();
      await frame.getByRole('row', { name: /google_ads/ }).waitFor();
    });
    await visit(
      async (page) => {
        await page.goto(`${stranger?.url}/?${encodeURIComponent(link)}`);
        await expect.poll(() => page.frames().length).toBe(2);
        await page.waitForLoadState('networkidle');
        expect(await page.frameLocator('iframe').getByText('Google').count()).toBe(0);
        // Nor any other page, wherever it is asked from.
        await page.goto(`${friend?.url}/?${encodeURIComponent(`${app.url}/login`)}`);
        await page.waitForLoadState('networkidle');
        expect(await page.frameLocator('iframe').getByText('Log in').count()).toBe(0);
      },
      { expected: /frame-ancestors|X-Frame-Options|Framing|refused/i },
    );
  });

  it('are shown no longer once the link is revoked', async () => {
    await visit(
      async (page) => {
        await page.goto(`${app.url}/explore`);
        await openMenu(page);
        await page.getByRole('button', { name: 'Change the view Google' }).click();
        await page.getByRole('button', { name: 'Share …' }).click();
        await page.getByRole('button', { name: /^Revoke the link/ }).click();
        await page.getByText('This view is not shared.').waitFor();
        await page.getByRole('button', { name: 'Close' }).click();
        await page.getByRole('button', { name: 'Delete …' }).click();
        await page.getByRole('button', { name: 'Delete', exact: true }).click();
        await page.getByText('Nobody has saved a view yet.').waitFor();
      },
      { key: texts.admin },
    );
    await visit(
      async (page) => {
        await page.goto(link);
        await page.getByRole('alert').filter({ hasText: 'This link does not work, or no longer.' }).waitFor();
        expect(await seriousFindings(page)).toEqual([]);
      },
      { expected: /status of 404/, colorScheme: 'dark' },
    );
  });
}
