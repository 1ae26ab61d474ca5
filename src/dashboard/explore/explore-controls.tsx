import { DashboardChoicesDocument } from '../../../schema/generated/dashboard/graphql.ts';
import { useAnswer } from '../api/use-answer.ts';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import { Menu } from '../parts/menu.tsx';
import { Choice, GranularityPicker } from '../parts/range-picker.tsx';
import { measureNames } from '../text/measures.ts';
import { labels } from '../view/filters.ts';
import { rangeInput } from '../view/range.ts';
import { fileAddress, fileFormats } from './download.ts';
import {
  type ExploreChoice,
  mostBreakdowns,
  printChosenMeasures,
  printRows,
  topChoices,
} from './explore-view.ts';
import { QueryDialog } from './query-dialog.tsx';

/** What the table has rows and columns for, and how the chart shows it. */
export function ExploreControls({ choice }: { choice: ExploreChoice }) {
  const { say } = usePage();
  const { view, change } = useView();
  const asked = useAnswer(DashboardChoicesDocument, { range: rangeInput(view.range) });
  const currencies = (asked.data?.dimensionValues.nodes ?? []).flatMap(({ value }) => value ?? []);
  const chosenCurrency = view.currency === undefined ? [] : [view.currency];
  const offered = [...new Set([...chosenCurrency, ...currencies])];
  return (
    <div class="controls" role="group" aria-label={say('controls')}>
      <RowsMenu
        choice={choice}
        breakdowns={(asked.data?.breakdowns.nodes ?? []).flatMap(({ value }) => value ?? [])}
      />
      <MeasuresMenu choice={choice} />
      <GranularityPicker />
      <Choice
        label={say('top')}
        isLabelHidden
        value={String(choice.top ?? 'all')}
        options={[
          ['all', say('top.all')] as const,
          ...topChoices.map((count) => [String(count), say('top.count', { count })] as const),
        ]}
        onChange={(top) => change({}, { top: top === 'all' ? undefined : top, after: undefined })}
      />
      <Choice
        label={say('chartMeasure')}
        isLabelHidden
        value={choice.measure}
        options={choice.measures.map(
          (measure) => [measure, say('inTheChart', { measure: say(`measure.${measure}`) })] as const,
        )}
        onChange={(measure) => change({}, { measure: measure.toLowerCase() })}
      />
      <Choice
        label={say('chartKind')}
        isLabelHidden
        value={choice.chart}
        options={(['line', 'bars', 'stacked'] as const).map((kind) => [kind, say(`chart.${kind}`)] as const)}
        onChange={(kind) => change({}, { chart: kind === 'line' ? undefined : kind })}
      />
      <Choice
        label={say('crmDate')}
        isLabelHidden
        value={choice.crmDate}
        options={(['CREATED', 'CLOSED'] as const).map((date) => [date, say(`crmDate.${date}`)] as const)}
        onChange={(date) => change({}, { crm: date === 'CLOSED' ? 'closed' : undefined, after: undefined })}
      />
      {offered.length > 1 && (
        <Choice
          label={say('currency')}
          isLabelHidden
          value={view.currency ?? 'usual'}
          options={[
            ['usual', say('currency.usual')] as const,
            ...offered.map((code) => [code, code] as const),
          ]}
          onChange={(code) => change({ currency: code === 'usual' ? undefined : code }, { after: undefined })}
        />
      )}
      <span class="spacer" />
      <QueryDialog choice={choice} />
      <DownloadMenu choice={choice} />
    </div>
  );
}

function RowsMenu({ choice, breakdowns }: { choice: ExploreChoice; breakdowns: readonly string[] }) {
  const { say } = usePage();
  const { change } = useView();
  const { rows } = choice;
  const toggle = (row: ExploreChoice['rows'][number]): void => {
    const next = rows.includes(row) ? rows.filter((one) => one !== row) : [...rows, row];
    change({}, { rows: printRows(next), after: undefined });
  };
  const offered = [...new Set([...choice.breakdowns, ...breakdowns])];
  const toggleBreakdown = (name: string): void => {
    const next = choice.breakdowns.includes(name)
      ? choice.breakdowns.filter((one) => one !== name)
      : [...choice.breakdowns, name];
    change({}, { breakdown: next, after: undefined });
  };
  return (
    <Menu label={say('rows')} class="rows-menu" name={say('rows')}>
      <ul class="checks">
        {(['DATE', ...labels] as const).map((row) => (
          <li key={row}>
            <label>
              <input type="checkbox" checked={rows.includes(row)} onChange={() => toggle(row)} />
              {row === 'DATE' ? say('day') : say(`dimension.${row}`)}
            </label>
          </li>
        ))}
        {offered.map((name) => {
          const isOn = choice.breakdowns.includes(name);
          return (
            <li key={`breakdown ${name}`}>
              <label>
                <input
                  type="checkbox"
                  checked={isOn}
                  disabled={!isOn && choice.breakdowns.length >= mostBreakdowns}
                  onChange={() => toggleBreakdown(name)}
                />
                {name}
              </label>
            </li>
          );
        })}
      </ul>
    </Menu>
  );
}

function MeasuresMenu({ choice }: { choice: ExploreChoice }) {
  const { say } = usePage();
  const { change } = useView();
  const { measures } = choice;
  return (
    <Menu label={say('figures')} class="measures-menu">
      <ul class="checks">
        {measureNames.map((measure) => {
          const isOn = measures.includes(measure);
          const next = isOn ? measures.filter((one) => one !== measure) : [...measures, measure];
          return (
            <li key={measure}>
              <label>
                <input
                  type="checkbox"
                  checked={isOn}
                  disabled={isOn && measures.length === 1}
                  onChange={() => change({}, { measures: printChosenMeasures(next), after: undefined })}
                />
                {say(`measure.${measure}`)}
              </label>
            </li>
          );
        })}
      </ul>
    </Menu>
  );
}

function DownloadMenu({ choice }: { choice: ExploreChoice }) {
  const { say } = usePage();
  const { view } = useView();
  return (
    <Menu label={say('download')} class="download-menu">
      <ul class="view-list">
        {fileFormats.map((format) => (
          <li key={format}>
            <a href={fileAddress(view, choice, format)}>{say(`download.${format}`)}</a>
          </li>
        ))}
      </ul>
    </Menu>
  );
}
