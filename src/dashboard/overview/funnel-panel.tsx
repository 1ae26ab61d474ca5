import type { FunnelStepName } from '../../../schema/generated/dashboard/graphql.ts';
import { usePage } from '../page/context.ts';
import { Panel } from '../parts/states.tsx';

interface Step {
  readonly step: FunnelStepName;
  readonly count: number;
  readonly stepConversion?: number | null;
  readonly costPer?: number | null;
}

const names = ['IMPRESSION', 'CLICK', 'LEAD', 'OPPORTUNITY', 'WON'] as const;

/** From impressions to won deals: how many reach each step, what share of the step before, and what one costs. */
export function FunnelPanel(props: {
  readonly steps: readonly Step[] | undefined;
  readonly currency: string | null | undefined;
  readonly isLoading: boolean;
}) {
  const { steps, currency, isLoading } = props;
  const { say, formats } = usePage();
  const describe = ({ stepConversion, costPer }: Step): string =>
    [
      typeof stepConversion === 'number' && say('ofBefore', { share: formats.percent(stepConversion) }),
      typeof costPer === 'number' && say('costEach', { cost: formats.money(costPer, currency) }),
    ]
      .filter(Boolean)
      .join(' · ');
  return (
    <Panel title={say('funnel')} class="funnel" isLoading={isLoading}>
      <ol>
        {names.map((name) => {
          const step = steps?.find((one) => one.step === name);
          return (
            <li key={name}>
              <span class="step-name">{say(`step.${name}`)}</span>
              {step ? (
                <data value={String(step.count)}>{formats.count(step.count)}</data>
              ) : (
                <i class="bone" />
              )}
              <span class="step-bar" aria-hidden="true">
                <i style={{ width: `${barShare(steps, step)}%` }} />
              </span>
              <span class="quiet">{step && describe(step)}</span>
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}

/** By the logarithm: there are thousands of impressions for each deal. */
function barShare(steps: readonly Step[] | undefined, step: Step | undefined): number {
  const most = Math.max(...(steps ?? []).map(({ count }) => count), 0);
  if (step === undefined || most === 0) return 0;
  return Math.round((Math.log1p(step.count) / Math.log1p(most)) * 1_000) / 10;
}
