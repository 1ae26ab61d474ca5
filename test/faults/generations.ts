import type { SqlReader } from './sql-reader.ts';

/** What a reader sees of one day. */
interface DayFigures {
  readonly rows: number;
  readonly costCents: number;
  readonly clicks: number;
}

/**
 * A feed that changes with every generation: rows come and go, UTM sets and figures change. What each day sums to in each
 * generation is worked out here, so that a day that was seen tells which generation it was of, or that it was of none.
 */
export interface Generations {
  readonly days: readonly string[];
  /** The feed as NDJSON. */
  feed(generation: number): Buffer;
  figures(generation: number, day: string): DayFigures;
  /** Which generation these figures are of; -1 for no data at all, undefined for a mixture. */
  recognise(day: string, figures: { costCents: number; clicks: number; rows?: number }): number | undefined;
}

export function createGenerations(size: { days: number; rowsPerDay: number }): Generations {
  const today = Math.floor(Date.now() / 86_400_000);
  const days = Array.from({ length: size.days }, (_, index) =>
    new Date((today - 1 - index) * 86_400_000).toISOString().slice(0, 10),
  );
  const known = new Map<string, Map<string, number>>();
  const sums = new Map<string, DayFigures>();

  const rowsOf = function* (generation: number, day: number) {
    for (let row = 0; row < size.rowsPerDay; row++) {
      // A fifth of the rows is missing, another fifth in each generation.
      if ((row + generation) % 5 === 0) continue;
      const mixed =
        Math.imul(row + 1, 0x9e3779b1) ^
        Math.imul(generation + 1, 0x85ebca6b) ^
        Math.imul(day + 1, 0xc2b2ae35);
      // Two thirds of them stay as they are from one generation to the next.
      const changes = (row + generation) % 3 === 0;
      const cents = changes ? (mixed >>> 0) % 50_000 : (row * 7) % 50_000;
      yield { row, cents, clicks: cents % 101, utm: changes ? `c-${generation}` : 'steady' };
    }
  };
  const figures = (generation: number, day: string): DayFigures => {
    const key = `${generation} ${day}`;
    let sum = sums.get(key);
    if (sum === undefined) {
      const total = { rows: 0, costCents: 0, clicks: 0 };
      for (const { cents, clicks } of rowsOf(generation, days.indexOf(day))) {
        total.rows += 1;
        total.costCents += cents;
        total.clicks += clicks;
      }
      sum = total;
      sums.set(key, sum);
      const ofDay = known.get(day) ?? new Map<string, number>();
      ofDay.set(`${sum.costCents} ${sum.clicks}`, generation);
      known.set(day, ofDay);
    }
    return sum;
  };

  return {
    days,
    figures,
    feed(generation) {
      const lines: string[] = [];
      days.forEach((day, index) => {
        figures(generation, day);
        for (const { row, cents, clicks, utm } of rowsOf(generation, index)) {
          // Of a few rows a breakdown is part of what they are known by.
          const more = row % 3 === 0 ? ',"breakdowns":{"country":"DE"}' : '';
          lines.push(
            `{"date":"${day}","campaign_id":"C-${row}","channel":"google_ads","clicks":${clicks},"impressions":100,"cost":${cents / 100},"utm_campaign":"${utm}"${more}}\n`,
          );
        }
      });
      return Buffer.from(lines.join(''));
    },
    recognise(day, { costCents, clicks, rows }) {
      if (costCents === 0 && clicks === 0) return -1;
      const generation = known.get(day)?.get(`${costCents} ${clicks}`);
      if (generation === undefined || rows === undefined) return generation;
      return figures(generation, day).rows === rows ? generation : undefined;
    },
  };
}

/** Which generation each day is of in ClickHouse, read under FINAL; undefined for a mixture. */
export async function readGenerations(
  sql: SqlReader,
  generations: Generations,
): Promise<ReadonlyMap<string, number | undefined>> {
  const rows = await sql.rows(
    'SELECT date, count(), toInt64(sum(cost) * 100), sum(clicks) FROM ad_performance FINAL GROUP BY date',
  );
  const found = new Map<string, number | undefined>(generations.days.map((day) => [day, -1]));
  for (const [day = '', count, cost, clicks] of rows) {
    const figures = { rows: Number(count), costCents: Number(cost), clicks: Number(clicks) };
    found.set(day, generations.recognise(day, figures));
  }
  return found;
}
