import { FunnelPanel } from '../../../src/dashboard/overview/funnel-panel.tsx';
import { Tiles } from '../../../src/dashboard/overview/tiles.tsx';
import { Change, Figure } from '../../../src/dashboard/parts/figure.tsx';
import type { Story } from './story.ts';

const totals = {
  cost: 1234.5,
  leads: 12,
  cpa: 102.88,
  roas: null,
  previous: { cost: 1000, leads: 12, cpa: 83.33, roas: 2 },
  relativeChange: { cost: 0.2345, leads: 0, cpa: 0.2346, roas: null },
};

export const figureStories: readonly Story[] = [
  {
    component: 'Figure',
    state: 'money, counts, ratios, and what is missing',
    view: () => (
      <p>
        <Figure measure="COST" value={-1234567.891} currency="EUR" />{' '}
        <Figure measure="COST" value={1234.5} currency={null} />{' '}
        <Figure measure="CLICKS" value={9007199254740991} currency="EUR" />{' '}
        <Figure measure="CTR" value={0.0312} currency="EUR" />{' '}
        <Figure measure="ROAS" value={4.371} currency="EUR" />{' '}
        <Figure measure="ROAS" value={null} currency="EUR" />
      </p>
    ),
  },
  {
    component: 'Change',
    state: 'better, worse, the same, without a better side, and nothing to compare to',
    view: () => (
      <p>
        <Change measure="LEADS" value={0.5} /> <Change measure="CPA" value={0.5} />{' '}
        <Change measure="LEADS" value={0} /> <Change measure="COST" value={-0.25} />{' '}
        <Change measure="LEADS" value={null} />
      </p>
    ),
  },
  ...(
    [
      ['with figures', totals, ''],
      ['without a comparison', totals, 'compare=none'],
      ['loading', undefined, ''],
      ['shared', totals, ''],
    ] as const
  ).map(
    ([state, shown, search]): Story => ({
      component: 'Tiles',
      state,
      search,
      view: () => (
        <Tiles
          tiles={['COST', 'LEADS', 'CPA', 'ROAS']}
          chosen="LEADS"
          totals={shown}
          points={[{ cost: 1 }, { cost: null }, { cost: 3 }]}
          currency="USD"
        />
      ),
    }),
  ),
  {
    component: 'FunnelPanel',
    state: 'with figures',
    view: () => (
      <FunnelPanel
        steps={[
          { step: 'IMPRESSION', count: 1_000_000 },
          { step: 'CLICK', count: 2_000, stepConversion: 0.002, costPer: 0.5 },
          { step: 'LEAD', count: 20, stepConversion: 0.01, costPer: 50 },
          { step: 'OPPORTUNITY', count: 0, stepConversion: 0, costPer: null },
          { step: 'WON', count: 0, stepConversion: null, costPer: null },
        ]}
        currency="USD"
        isLoading={false}
      />
    ),
  },
  {
    component: 'FunnelPanel',
    state: 'loading',
    view: () => <FunnelPanel steps={undefined} currency={undefined} isLoading />,
  },
];
