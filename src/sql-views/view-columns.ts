import { identifier, type Sql, sql } from '../clickhouse/sql.ts';
import { canonicalColumns } from '../metrics/canonical-columns.ts';
import { isDistinct, type Sum } from '../metrics/catalogue.ts';
import { compileCondition } from '../metrics/compile-condition.ts';
import { addendOfTable, measureColumn, narrowed, zeroOfUnit } from '../metrics/compile-scan.ts';
import { catalogueOf, type Model } from '../metrics/model.ts';
import {
  type Addend,
  columnOfSide,
  type Field,
  isOwnMeasure,
  keyOfOwnDimension,
  keyOfOwnMeasure,
  type LabelName,
  labelNames,
  type Side,
  snakeCase,
  sumOf,
} from '../metrics/registry.ts';

/** What records have beside dimensions, by the names of the views' columns. */
export const recordColumns = {
  opportunity_id: sql`opportunity_id`,
  namespace: sql`namespace`,
  source: sql`source`,
  created_at: sql`created_at`,
  closed_at: sql`if(closed_day = toDate(0), NULL, closed_at)`,
  closed_date: sql`nullIf(closed_day, toDate(0))`,
  stage: sql`toString(stage)`,
  stage_name: sql`stage_name`,
  amount: sql`amount`,
} as const;

const takenNames: ReadonlySet<string> = new Set([...Object.keys(recordColumns), 'workspace']);

/** A column of a view. */
export interface ViewColumn {
  readonly name: Sql;
  /** What its value is called within the statement: no stored column and no key of a model begins with an underscore. */
  readonly inner: Sql;
  readonly type: Sql;
  /** The value that a side's rows have. Of a dimension: '' is null. */
  of(side: Side): Sql;
}

/** Values that differ from row to row: a dictionary of them would cost more than it saves. */
const identifiers: ReadonlySet<LabelName> = new Set(['campaignId', 'adGroupId', 'adId']);

const text = sql`Nullable(String)`;
const repeatedText = sql`LowCardinality(Nullable(String))`;
const count = sql`UInt64`;
const amount = sql`Decimal(38, 6)`;

/**
 * The dimensions of every installation, then those of the model.
 *
 * @param names those of every installation that are wanted
 */
export function dimensionColumns(
  model: Model | undefined,
  names: readonly LabelName[] = labelNames,
): ViewColumn[] {
  const columnsOf = columnsBySide(model);
  const named = names.map(
    (name): ViewColumn => ({
      name: identifier(snakeCase(name)),
      inner: identifier(`_d_${snakeCase(name)}`),
      type: identifiers.has(name) ? text : repeatedText,
      of: (side) => columnsOf[side](name),
    }),
  );
  const own = [...(model?.dimensions ?? [])].map(
    ([name]): ViewColumn => ({
      name: ownName(keyOfOwnDimension(name)),
      inner: identifier(`_o_${keyOfOwnDimension(name)}`),
      type: repeatedText,
      of: (side) => columnsOf[side](name),
    }),
  );
  return [...named, ...own];
}

/**
 * The sums over ads rows and CRM records. Not those of events, which are kept for some days only, nor numbers of different values,
 * of which a sum means nothing.
 */
export function sumColumns(model: Model | undefined): (ViewColumn & { rowOf(side: Side): Sql })[] {
  const catalogue = catalogueOf(model);
  const columnsOf = columnsBySide(model);
  return catalogue.sums.flatMap((name) => {
    const sum = catalogue.sum(name);
    if (sum.from === 'events' || isDistinct(sum)) return [];
    const addend = narrowed(
      addendOfTable(sum),
      sum.where && compileCondition(sum.where, columnsOf[sum.from], model),
    );
    const zero = zeroOfUnit(sum.unit);
    return [
      {
        name: isOwnMeasure(name) ? ownName(keyOfOwnMeasure(name)) : identifier(snakeCase(name)),
        inner: identifier(`_s_${measureColumn(name)}`),
        type: sum.unit === 'count' ? count : amount,
        of: (side) => (side === sum.from ? sumOf(addend) : zero),
        rowOf: (side) => (side === sum.from ? addedBy(addend, sum) : zero),
      },
    ];
  });
}

/** A model's key as a column; `own_source` where the views have a `source` already. */
const ownName = (key: string): Sql =>
  identifier(takenNames.has(key) || key.startsWith('own_') ? `own_${key}` : key);

/** What one row adds to a sum. */
function addedBy({ value = sql`1`, counts }: Addend, { unit }: Sum): Sql {
  const added = unit === 'count' ? sql`toUInt64(${value})` : sql`toDecimal128(${value}, 6)`;
  return counts === undefined ? added : sql`if(${counts}, ${added}, ${zeroOfUnit(unit)})`;
}

const columnsBySide = (model: Model | undefined): Readonly<Record<Side, (name: Field) => Sql>> => ({
  ads: canonicalColumns(columnOfSide('ads'), model),
  crm: canonicalColumns(columnOfSide('crm'), model),
});
