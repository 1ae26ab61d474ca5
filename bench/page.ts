import type { Browser, Page } from 'playwright-core';
import type { Store } from '../src/clickhouse/store.ts';
import { type Day, formatDay } from '../src/records/day.ts';
import { launchBrowser } from '../test/support/browser.ts';
import type { Program } from './program.ts';
import { emptyCaches } from './questions.ts';
import { ms, percentile, printTable, ratio } from './table.ts';

const warmRounds = 15;
const coldRounds = 5;

/** How long one look took, and what it asked the API. */
interface Look {
  readonly ms: number;
  readonly requests: number;
}

/** From the call of the address until every figure of the page is there, in a browser that has kept nothing. */
async function look(browser: Browser, address: string): Promise<Look> {
  // The page lets no text run as a script; its own scripts stay as they are.
  const context = await browser.newContext({ viewport: { width: 1_440, height: 900 }, bypassCSP: true });
  try {
    const page = await context.newPage();
    let requests = 0;
    page.on('request', (request) => {
      if (request.url().includes('/graphql')) requests++;
    });
    const started = performance.now();
    await page.goto(address, { waitUntil: 'commit' });
    await page.waitForFunction(
      "document.querySelectorAll('.tile data').length > 0 && document.querySelectorAll('[aria-busy=true], .bone').length === 0",
      undefined,
      { polling: 'raf' },
    );
    return { ms: performance.now() - started, requests };
  } finally {
    await context.close();
  }
}

/** None contains another, so what is offered for one is nothing for the next. */
const typedTexts = Array.from({ length: 15 }, (_, index) => `C-1${String(index * 7 + 100)}`);

/** From a key until the campaigns are offered that contain what is typed. */
async function suggestionTimes(browser: Browser, address: string): Promise<number[]> {
  const page = await browser.newPage({ bypassCSP: true });
  try {
    await page.goto(address);
    await page.locator('.add-filter summary').click();
    await page.locator('.add-filter select').first().selectOption('CAMPAIGN_ID');
    const field = page.getByRole('combobox', { name: 'Value', exact: true });
    await field.focus();
    const times: number[] = [];
    for (const typed of typedTexts) {
      const started = performance.now();
      await field.fill(typed);
      await untilOffered(page, typed);
      times.push(performance.now() - started);
    }
    return times;
  } finally {
    await page.close();
  }
}

const untilOffered = (page: Page, typed: string) =>
  page.waitForFunction(
    `(() => {
      const offered = [...document.querySelectorAll('.suggestions[aria-busy=false] [role=option]')];
      return offered.length > 0 && offered.every((option) => option.textContent.includes(${JSON.stringify(typed)}));
    })()`,
    undefined,
    { polling: 'raf' },
  );

/** The overview in Chromium, beside the same machine's work: nothing is kept by the browser or by the response cache. */
export async function benchPage(store: Store, { origin }: Program, today: Day): Promise<void> {
  const browser = await launchBrowser();
  try {
    const rows: string[][] = [];
    for (const [title, address] of [
      ['30 days', `${origin}/`],
      ['365 days', `${origin}/?from=${formatDay(today - 365)}&to=${formatDay(today - 1)}`],
    ] as const) {
      const takeLooks = async (count: number, before?: () => Promise<void>): Promise<Look[]> => {
        const looks: Look[] = [];
        for (let round = 0; round < count; round++) {
          await before?.();
          looks.push(await look(browser, address));
        }
        return looks;
      };
      await takeLooks(2);
      const warm = await takeLooks(warmRounds);
      const cold = await takeLooks(coldRounds, () => emptyCaches(store));
      const times = (looks: readonly Look[]): number[] => looks.map((one) => one.ms);
      rows.push([
        title,
        String(Math.max(...warm.map(({ requests }) => requests))),
        ms(percentile(times(warm), 0.5)),
        ms(percentile(times(warm), 0.95)),
        ms(percentile(times(cold), 0.5)),
        ratio(percentile(times(warm), 0.5) / 1_000),
      ]);
    }
    printTable(
      'The overview in a browser, until every figure is there',
      ['range', 'requests', 'warm p50', 'p95', 'cold p50', 'warm to one second'],
      rows,
    );
    const typed = await suggestionTimes(browser, `${origin}/`);
    printTable(
      'Values offered while a filter is typed, from the key on (30 ms of it wait for further keys)',
      ['what', 'p50', 'p95', 'to 150 ms'],
      [
        [
          'campaigns',
          ms(percentile(typed, 0.5)),
          ms(percentile(typed, 0.95)),
          ratio(percentile(typed, 0.5) / 150),
        ],
      ],
    );
  } finally {
    await browser.close();
  }
}
