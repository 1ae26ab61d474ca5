import { createHash } from 'node:crypto';
import { badInput } from '../errors.ts';
import type { Filter, Having, MetricsQuery, Order } from '../metrics/query.ts';
import { type RangeInput, resolveRange } from '../metrics/range.ts';
import {
  type DimensionName,
  type Granularity,
  isMeasure,
  type MeasureName,
  measureNames,
  type Weekday,
} from '../metrics/registry.ts';
import type { Day } from '../records/day.ts';
import { toEnumName } from './builder.ts';
import type { Selection } from './selection.ts';

export const defaultFirst = 100;
export const maxFirst = 10_000;

/** The arguments of `metrics`, read but not yet checked against each other. */
export interface MetricsArguments {
  readonly range: RangeInput;
  readonly groupBy: readonly DimensionName[];
  readonly granularity: Granularity;
  readonly weekStart: Weekday;
  readonly where: Filter | undefined;
  readonly having: readonly Having[];
  readonly orderBy: readonly Order[];
  readonly first: number;
  readonly after: string | undefined;
}

/**
 * Arguments and selection → query. Only what is selected is asked for.
 *
 * @throws UtmqlError BAD_USER_INPUT with a sentence that names the argument and the valid choices
 */
export function buildQuery(
  workspace: string,
  args: MetricsArguments,
  selection: Selection,
  today: Day,
): MetricsQuery {
  const { groupBy, first } = args;
  const repeated = groupBy.find((name, index) => groupBy.indexOf(name) !== index);
  if (repeated !== undefined)
    throw badInput(`groupBy names ${toEnumName(repeated)} twice; name each dimension once.`);
  for (const { by } of args.orderBy) {
    if (!isMeasure(by) && !groupBy.includes(by)) {
      const choices =
        groupBy.length === 0 ? 'a measure' : `a measure or one of ${groupBy.map(toEnumName).join(', ')}`;
      throw badInput(`orderBy: ${toEnumName(by)} is not in groupBy; order by ${choices}.`);
    }
  }
  if (!Number.isInteger(first) || first < 1 || first > maxFirst) {
    throw badInput(`first: ${first} is not between 1 and ${maxFirst}.`);
  }
  const shown = new Set([...selection.names('nodes'), ...selection.names('totals')]);
  const query: MetricsQuery = {
    workspace,
    range: resolveRange(args.range, today, args.weekStart),
    groupBy,
    granularity: args.granularity,
    weekStart: args.weekStart,
    where: args.where,
    having: args.having,
    orderBy: args.orderBy,
    offset: 0,
    limit: first,
    measures: measureNames.filter((name: MeasureName) => shown.has(name)),
    wants: {
      rows: selection.has('nodes') || selection.has('pageInfo'),
      totals: selection.has('totals'),
      totalCount: selection.has('totalCount'),
    },
  };
  return args.after === undefined ? query : { ...query, offset: readCursor(args.after, query) };
}

/** Where a page ended, with a mark of the query that it belongs to. Opaque to callers. */
export function writeCursor(query: MetricsQuery, rows: number): string {
  return Buffer.from(`${query.offset + rows}.${mark(query)}`).toString('base64url');
}

function readCursor(cursor: string, query: MetricsQuery): number {
  const match = /^(\d{1,15})\.([0-9a-f]{16})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (match === null) throw badInput('after: this is no cursor; pass the `endCursor` of the page before.');
  if (match[2] !== mark(query)) {
    throw badInput(
      'after: this cursor is of another query; a page goes on only with the same range, groupBy, where, having and orderBy.',
    );
  }
  return Number(match[1]);
}

/** The same for all pages of one query, whatever their size and what they show. */
function mark(query: MetricsQuery): string {
  const { offset, limit, measures, wants, ...rest } = query;
  return createHash('sha256').update(JSON.stringify(rest)).digest('hex').slice(0, 16);
}
