import { canonicalValue } from '../aliases/canonical-value.ts';
import type { Sql } from '../clickhouse/sql.ts';
import { aliasesOf } from './field-aliases.ts';
import type { Model } from './model.ts';
import { compileOwnDimension } from './own/compile-dimension.ts';
import type { OwnDimensionDefinition } from './own/definitions.ts';
import {
  type ColumnOf,
  type Field,
  isOwnDimension,
  type OwnDimension,
  type StoredField,
} from './registry.ts';

/** Columns with what their values count as, and own dimensions worked out of these. */
export function canonicalColumns(columnOf: ColumnOf, model: Model | undefined): (name: Field) => Sql {
  const canonical: ColumnOf = (name) => canonicalValue(columnOf(name), aliasesOf(name, model));
  return (name) => (isOwnDimension(name) ? ownColumn(name, canonical, model) : canonical(name));
}

/** An own dimension, worked out of fields with what their values count as. */
export const ownColumn = (name: OwnDimension, columnOf: ColumnOf, model: Model | undefined): Sql =>
  compileOwnDimension(definitionOf(name, model), columnOf, model);

/** The dimensions that an own one is worked out of. */
export function sourcesOf(name: OwnDimension, model: Model | undefined): readonly StoredField[] {
  const definition = definitionOf(name, model);
  return definition.kind === 'rules' ? definition.reads : [definition.of];
}

function definitionOf(name: OwnDimension, model: Model | undefined): OwnDimensionDefinition {
  const definition = model?.dimensions.get(name);
  if (definition === undefined) throw new Error(`there is no dimension ${name}`);
  return definition;
}
