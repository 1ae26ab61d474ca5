import type { Measure } from '../../../schema/generated/dashboard/graphql.ts';
import { Sparkline } from '../charts/sparkline.tsx';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import { Change, Figure } from '../parts/figure.tsx';
import { Menu } from '../parts/menu.tsx';
import { ViewLink } from '../parts/view-link.tsx';
import { type Figures, figureOf, measureNames } from '../text/measures.ts';
import { printMeasures } from '../view/view.ts';
import { usualTiles } from './overview-view.ts';

/** Where the browser keeps the chosen tiles. */
export const tilesKey = 'utmql.tiles';

interface Totals extends Figures {
  readonly previous?: Figures | null;
  readonly relativeChange?: Figures | null;
}

/** A figure of the range, how it has changed, and its course; a click shows it in the chart. */
function Tile(props: {
  readonly measure: Measure;
  readonly totals: Totals | undefined;
  readonly course: readonly (number | null)[];
  readonly currency: string | null | undefined;
  readonly isChosen: boolean;
}) {
  const { measure, totals, course, currency, isChosen } = props;
  const { say, formats } = usePage();
  const { address, view } = useView();
  const name = say(`measure.${measure}`);
  const before = figureOf(totals?.previous, measure);
  return (
    <ViewLink
      class="tile"
      data-measure={measure}
      href={address({}, { measure: measure.toLowerCase() })}
      aria-current={isChosen ? 'true' : undefined}
      title={say('inChart', { measure: name })}
    >
      <span class="tile-name">{name}</span>
      <strong>
        {totals ? (
          <Figure measure={measure} value={figureOf(totals, measure)} currency={currency} />
        ) : (
          <i class="bone" />
        )}
      </strong>
      <span class="tile-change">
        {totals && view.comparison !== 'none' && (
          <>
            <Change measure={measure} value={figureOf(totals.relativeChange, measure)} />{' '}
            <span class="quiet">
              {before !== null && say('before', { figure: formats.measure(measure, before, currency) })}
            </span>
          </>
        )}
      </span>
      <Sparkline values={course} />
    </ViewLink>
  );
}

/** The figures that the reader chose, in their order. */
export function Tiles(props: {
  readonly tiles: readonly Measure[];
  readonly chosen: Measure;
  readonly totals: Totals | undefined;
  readonly points: readonly Figures[];
  readonly currency: string | null | undefined;
}) {
  const { tiles, chosen, totals, points, currency } = props;
  const { say, shared } = usePage();
  const all = tiles.map((measure) => (
    <Tile
      key={measure}
      measure={measure}
      totals={totals}
      course={points.map((point) => figureOf(point, measure))}
      currency={currency}
      isChosen={measure === chosen}
    />
  ));
  const name = say('figures');
  return shared === undefined ? (
    <nav class="tiles" aria-label={name}>
      {all}
    </nav>
  ) : (
    <section class="tiles" aria-label={name}>
      {all}
    </section>
  );
}

/** Chooses which tiles there are, and their order. The address has them, and the browser keeps them for the next visit. */
export function TilesMenu({ tiles }: { tiles: readonly Measure[] }) {
  const { say } = usePage();
  const { change } = useView();
  const choose = (next: readonly Measure[]): void => {
    const text = printMeasures(next);
    const isUsual = text === printMeasures(usualTiles);
    if (isUsual) localStorage.removeItem(tilesKey);
    else localStorage.setItem(tilesKey, text);
    change({}, { tiles: isUsual ? undefined : text });
  };
  const move = (measure: Measure, by: number): void => {
    const next = tiles.filter((tile) => tile !== measure);
    next.splice(tiles.indexOf(measure) + by, 0, measure);
    choose(next);
  };
  const others = measureNames.filter((measure) => !tiles.includes(measure));
  return (
    <Menu label={say('chooseFigures')} class="tiles-menu">
      <ul class="checks">
        {[...tiles, ...others].map((measure) => {
          const name = say(`measure.${measure}`);
          const place = tiles.indexOf(measure);
          return (
            <li key={measure}>
              <label>
                <input
                  type="checkbox"
                  checked={place >= 0}
                  disabled={place >= 0 && tiles.length === 1}
                  onChange={() =>
                    choose(place >= 0 ? tiles.filter((tile) => tile !== measure) : [...tiles, measure])
                  }
                />
                {name}
              </label>
              {place >= 0 && (
                <span>
                  <button
                    type="button"
                    class="icon"
                    disabled={place === 0}
                    aria-label={say('moveUp', { measure: name })}
                    onClick={() => move(measure, -1)}
                  >
                    ↑
                  </button>
                  <button
                    type="button"
                    class="icon"
                    disabled={place === tiles.length - 1}
                    aria-label={say('moveDown', { measure: name })}
                    onClick={() => move(measure, 1)}
                  >
                    ↓
                  </button>
                </span>
              )}
            </li>
          );
        })}
      </ul>
    </Menu>
  );
}
