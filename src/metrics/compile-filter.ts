import type { Sql } from '../clickhouse/sql.ts';
import { canonicalColumns } from './canonical-columns.ts';
import { compileCondition } from './compile-condition.ts';
import type { Filter } from './filter.ts';
import type { Model } from './model.ts';
import { type ColumnOf, columnOfSide, type Side } from './registry.ts';

/**
 * Compiles a filter to a condition on one side's table, or on what has the columns given. Where the model has aliases of a
 * dimension, its rows and whole values are compared by what they count as.
 */
export const compileFilter = (filter: Filter, place: Side | ColumnOf, model?: Model | undefined): Sql =>
  compileCondition(
    filter,
    canonicalColumns(typeof place === 'function' ? place : columnOfSide(place), model),
    model,
  );
