import { type Aliases, utmColumns } from '../aliases/aliases.ts';
import { identifier, join, type Sql, sql } from '../clickhouse/sql.ts';
import type { Model } from '../metrics/model.ts';
import { labelNames, tableOf } from '../metrics/registry.ts';
import { dimensionColumns, recordColumns, sumColumns, type ViewColumn } from './view-columns.ts';
import type { ViewName } from './view-names.ts';

/** What a view selects, made of the definitions that `metrics` is compiled from. Pure: equal models give equal text. */
export function compileViews(database: string, model: Model | undefined): Readonly<Record<ViewName, Sql>> {
  return {
    metrics_daily: metricsDaily(database, model),
    opportunities_current: opportunities(database, model),
  };
}

/**
 * Figures by workspace, day and every dimension. Each side is reduced by itself and the two are united, never joined.
 *
 * Ads rows have the sort key of what is asked for, so that they are in their table once a day and key: they are not grouped, and
 * only those of their columns are read that a query names. Where aliases give two rows the same values, they are grouped, too.
 */
function metricsDaily(database: string, model: Model | undefined): Sql {
  const dimensions = dimensionColumns(model);
  const sums = sumColumns(model);
  const keys = dimensions.map(({ inner }) => inner);
  const grouped = sql` GROUP BY workspace, date, _d_breakdowns, ${join(keys, ', ')}`;
  const isFolded = hasAliases(model?.aliases);
  const of = (side: 'ads' | 'crm', isGrouped: boolean): Sql => {
    const columns = [
      sql`workspace`,
      sql`date`,
      ...dimensions.map((each) => sql`${each.of(side)} AS ${each.inner}`),
      sql`${side === 'ads' ? sql`breakdowns` : sql`CAST(map(), 'Map(LowCardinality(String), String)')`} AS _d_breakdowns`,
      ...sums.map((each) => sql`${isGrouped ? each.of(side) : each.rowOf(side)} AS ${each.inner}`),
    ];
    return sql`SELECT ${join(columns, ', ')} FROM ${identifier(database)}.${tableOf[side]} FINAL${isGrouped ? grouped : sql``}`;
  };
  const columns = [
    sql`workspace`,
    sql`date`,
    ...dimensions.map(shownText),
    sql`_d_breakdowns AS breakdowns`,
    ...sums.map(({ name, inner, type }) => sql`CAST(${inner}, '${type}') AS ${name}`),
  ];
  return sql`SELECT ${join(columns, ', ')} FROM (${of('ads', isFolded)} UNION ALL ${of('crm', true)})`;
}

/** CRM records as they are now, each once. Without the contact. */
function opportunities(database: string, model: Model | undefined): Sql {
  const dimensions = dimensionColumns(
    model,
    labelNames.filter((name) => name !== 'adGroupId' && name !== 'adId'),
  );
  const records = Object.entries(recordColumns);
  const inner = [
    ...records.map(([name, value]) => sql`${value} AS ${identifier(`_r_${name}`)}`),
    ...dimensions.map((each) => sql`${each.of('crm')} AS ${each.inner}`),
  ];
  const columns = [
    ...records.map(([name]) => sql`${identifier(`_r_${name}`)} AS ${identifier(name)}`),
    ...dimensions.map(shownText),
  ];
  return sql`SELECT workspace, date, ${join(columns, ', ')} FROM (SELECT workspace, date, ${join(inner, ', ')} FROM ${identifier(database)}.${tableOf.crm} FINAL)`;
}

const hasAliases = (aliases: Aliases = {}): boolean =>
  utmColumns.some((column) => (aliases[column]?.size ?? 0) > 0);

const shownText = ({ inner, name, type }: ViewColumn): Sql =>
  sql`CAST(nullIf(toString(${inner}), ''), '${type}') AS ${name}`;
