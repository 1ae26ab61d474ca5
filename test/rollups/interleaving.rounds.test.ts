import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { rounds } from '../support/rounds.ts';
import { days, environment, interleave, push } from './interleaving.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment });
});
afterAll(() => app.close());

it('answers are those of the tables, whatever has just happened to them', async () => {
  await interleave(app, Math.max(8, rounds(80)));
}, 600_000);

it('what is acknowledged is in the next answer, while days are being built', async () => {
  const clicks = async (): Promise<number> => {
    const { data } = await app.query(
      `{ metrics(dateRange: { between: { from: "2025-06-01", to: "2025-07-31" } }, where: { channel: { eq: "acknowledged" } }) { totals { clicks } } }`,
    );
    return (data as unknown as { metrics: { totals: { clicks: number } } }).metrics.totals.clicks;
  };
  for (let sent = 1; sent <= rounds(100); sent++) {
    const date = days[42 + (sent % 50)];
    await push(app, 'ad-performance', [
      { date, campaign_id: `K-${sent}`, channel: 'acknowledged', clicks: 1, impressions: 1, cost: 1 },
    ]);
    expect(await clicks()).toBe(sent);
  }
}, 120_000);
