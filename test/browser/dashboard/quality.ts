import { expect, it } from 'vitest';
import { lookAtAll, type Site, settled } from './site.ts';

export function describeQuality(siteOf: () => Site): void {
  it('says what the API says, and leads from each finding to its records', async () => {
    const site = siteOf();
    await site.visit(async (page) => {
      await page.goto(`${site.app.url}/quality`);
      await page.getByRole('link', { name: 'Same day and UTMs' }).waitFor();
      await settled(page);
      const { dataQuality } = await site.ask('quality');
      const attribution = page.locator('section', {
        has: page.getByRole('heading', { name: 'Attribution' }),
      });
      const counts = await attribution
        .locator('data')
        .evaluateAll((all) => all.map((one) => Number(one.getAttribute('value'))));
      expect(counts).toEqual(dataQuality.matches.map(({ records }) => records));
      const unattributed = page.locator('section', {
        has: page.getByRole('heading', { name: 'Unattributed leads' }),
      });
      const reasons = await unattributed
        .locator('tr', { hasText: /^No / })
        .locator('data')
        .evaluateAll((all) => all.map((one) => Number(one.getAttribute('value'))));
      expect(reasons).toHaveLength(2);
      expect(reasons.reduce((total, count) => total + count, 0)).toBe(counts[3]);
      await unattributed.getByRole('link', { name: 'No UTM campaign' }).click();
      await page.getByText(`${reasons[0]} rows`).waitFor();
    });
  });

  it('looks right, wide in light colours and narrow in dark ones', async () => {
    await lookAtAll(siteOf(), '/quality', 'quality', (page) =>
      page.getByRole('link', { name: 'Same day and UTMs' }).waitFor(),
    );
  });
}
