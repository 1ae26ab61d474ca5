import type { DashboardOverviewQuery } from '../../../schema/generated/dashboard/graphql.ts';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import { yearUpTo } from '../view/range.ts';
import { EmptyNote } from './states.tsx';

type Summary = Pick<DashboardOverviewQuery['summary'], 'meta' | 'unattributed' | 'unconverted'>;

const translated = ['MIXED_CURRENCIES', 'MISSING_RATE'] as const;

/**
 * Which days the figures are of, and what to know before using them: warnings of the API, and money that is not converted. It is
 * one line, which is there before its texts, and opens to the rest.
 */
export function SummaryLine({ summary }: { summary: Summary | undefined }) {
  const { say, formats } = usePage();
  if (summary === undefined) return <div class="summary-line" />;
  const { meta, unconverted } = summary;
  const { from, to, comparedFrom, comparedTo, warnings } = meta;
  const texts = warnings.map(({ code, message }) => {
    const known = translated.find((one) => one === code);
    return known ? say(`warning.${known}`) : message;
  });
  const amounts = unconverted.map(({ currency, cost, revenue }) =>
    say('unconvertedAmount', {
      cost: formats.money(cost, currency),
      revenue: formats.money(revenue, currency),
      currency,
    }),
  );
  return (
    <div class="summary-line">
      <span class="quiet">
        {formats.day(from, 'short')} – {formats.day(to)}
        {comparedFrom && comparedTo
          ? `, ${say('comparedTo', { from: formats.day(comparedFrom, 'short'), to: formats.day(comparedTo) })}`
          : ''}
      </span>
      {texts.length > 0 && (
        <details class="warnings">
          <summary>
            <span class="hidden">{say('warnings')}: </span>
            <span aria-hidden="true">⚠</span> {texts[0]}
          </summary>
          <ul>
            {[...texts.slice(1), ...amounts].map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

/** How much of the figures belongs to no ads row. */
export function UnattributedLine({ summary }: { summary: Summary | undefined }) {
  const { say, formats } = usePage();
  return (
    <p class="quiet unattributed">
      {summary &&
        summary.unattributed.leads > 0 &&
        say('unattributedNote', {
          leads: formats.count(summary.unattributed.leads),
          revenue: formats.money(summary.unattributed.revenue, summary.meta.currency),
          row: say('unattributed'),
        })}
    </p>
  );
}

/** Says that there is nothing at all yet and how to begin, or nothing in these days and where to look. */
export function NoData({ meta }: Pick<Summary, 'meta'>) {
  const { say, formats, shared } = usePage();
  const { address, view } = useView();
  if (shared !== undefined)
    return (
      <EmptyNote title={say('emptyRange', { from: formats.day(meta.from), to: formats.day(meta.to) })} />
    );
  if (meta.freshness === null || meta.freshness === undefined)
    return (
      <EmptyNote title={say('empty')}>
        <p>{say('emptyHint')}</p>
      </EmptyNote>
    );
  return (
    <EmptyNote title={say('emptyRange', { from: formats.day(meta.from), to: formats.day(meta.to) })}>
      <p>{say('emptyRangeHint')}</p>
      {view.filters.length === 0 && (
        <a class="button" href={address({ range: yearUpTo(meta.to) })}>
          {say('showYear')}
        </a>
      )}
    </EmptyNote>
  );
}
