import { bind, join, type Parameter, type Sql, sql } from '../../clickhouse/sql.ts';
import { ValueList } from '../../clickhouse/value-list.ts';
import { compileCondition } from '../compile-condition.ts';
import type { Model } from '../model.ts';
import { type ColumnOf, isOwnDimension } from '../registry.ts';
import type { OwnDimensionDefinition } from './definitions.ts';

/** By definition: all parts of a statement share its parameters, which are sent once. */
const parametersOf = new WeakMap<OwnDimensionDefinition, readonly Parameter[]>();

/**
 * The value that a row has of an own dimension; '' is null.
 *
 * @param columnOf fields with what their values count as
 */
export function compileOwnDimension(
  definition: OwnDimensionDefinition,
  columnOf: ColumnOf,
  model: Model | undefined,
): Sql {
  const parameters = parametersOf.get(definition) ?? bindAll(definition);
  parametersOf.set(definition, parameters);
  const [otherwise = nothing, ...others] = parameters;
  if (definition.kind === 'rules') {
    const column: Parameters<typeof compileCondition>[1] = (name) => {
      if (isOwnDimension(name)) throw new Error(`${definition.key} is worked out of ${name}`);
      return columnOf(name);
    };
    const branches = definition.rules.flatMap(({ when }, index) => [
      sql`${compileCondition(when, column, model)}`,
      sql`${others[index] ?? nothing}`,
    ]);
    return sql`multiIf(${join([...branches, sql`${otherwise}`], ', ')})`;
  }
  const stored = sql`toString(${columnOf(definition.of)})`;
  const [first = nothing, second = nothing] = others;
  if (definition.kind === 'lookup') return sql`transform(${stored}, ${first}, ${second}, ${otherwise})`;
  // As filters take it: without spaces around it.
  const found = sql`trim(regexpExtract(${stored}, ${first}, ${second}))`;
  return definition.otherwise === undefined ? found : sql`if(${found} = '', ${otherwise}, ${found})`;
}

const nothing = bind('String', '');

/** The value where nothing else applies, then the others. */
function bindAll(definition: OwnDimensionDefinition): Parameter[] {
  const otherwise = bind('String', definition.otherwise ?? '');
  switch (definition.kind) {
    case 'rules':
      return [otherwise, ...definition.rules.map(({ value }) => bind('String', value))];
    case 'pattern':
      return [otherwise, bind('String', `(?i)${definition.pattern}`), bind('UInt8', definition.group)];
    case 'lookup':
      return [
        otherwise,
        bind('Array(String)', new ValueList([...definition.values.keys()])),
        bind('Array(String)', new ValueList([...definition.values.values()])),
      ];
    default:
      return definition satisfies never;
  }
}
