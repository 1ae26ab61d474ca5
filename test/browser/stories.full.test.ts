import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasBrowser, launchBrowser } from '../support/browser.ts';
import { expectNoOverflow, seriousFindings } from './dashboard/site.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

describe.skipIf(!hasBrowser)('components, each in its states', () => {
  let folder: string;
  let server: Server;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let address: string;
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'utmql-stories-'));
    await build({
      configFile: false,
      root,
      logLevel: 'error',
      build: {
        outDir: folder,
        emptyOutDir: true,
        target: 'es2022',
        rolldownOptions: { input: join(root, 'test/dashboard/stories/index.html') },
      },
    });
    server = createServer(({ url = '/' }, response) => {
      const { pathname } = new URL(url, 'http://127.0.0.1');
      const file = pathname === '/' ? '/test/dashboard/stories/index.html' : pathname;
      response.setHeader('content-type', types[extname(file)] ?? 'text/plain');
      readFile(join(folder, file)).then(
        (content) => response.end(content),
        () => response.writeHead(404).end(),
      );
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await launchBrowser();
    context = await browser.newContext({ locale: 'en-US', viewport: { width: 390, height: 844 } });
    context.on('console', (message) => complaints.push(message.text()));
    context.on('weberror', (error) => complaints.push(String(error.error())));
    page = await context.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    await new Promise((resolve) => server?.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  it('read as they should, on a phone, in light and dark', { timeout: 240_000 }, async () => {
    await page.goto(address);
    await page.getByRole('listitem').first().waitFor();
    const links = await page
      .getByRole('link')
      .evaluateAll((all) => all.map((link) => [link.textContent ?? '', link.getAttribute('href') ?? '']));
    expect(links.length).toBeGreaterThan(30);
    const seen: Record<string, string> = {};
    for (const [name = '', href = ''] of links) {
      await page.goto(address + href);
      await page.locator('h1').waitFor({ state: 'attached' });
      await expectNoOverflow(page, name);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect([name, await seriousFindings(page)]).toEqual([name, []]);
      }
      seen[name] = await page.locator('main').ariaSnapshot();
    }
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(complaints).toEqual([]);
    expect(seen).toMatchSnapshot();
  });

  it('say what they say in Spanish, too', async () => {
    for (const [story, text] of [
      ['ProblemNote, TIMEOUT', 'Reintentar'],
      ['FunnelPanel, with figures', 'Embudo'],
    ] as const) {
      await page.goto(`${address}?${new URLSearchParams({ story, language: 'es' })}`);
      await page.getByText(text).first().waitFor();
    }
  });
});
