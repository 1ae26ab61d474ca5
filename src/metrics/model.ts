import { createHash } from 'node:crypto';
import { type Aliases, utmColumns } from '../aliases/aliases.ts';
import { type Catalogue, createCatalogue, standardCatalogue } from './catalogue.ts';
import type { OwnDimensionDefinition, OwnFormulaDefinition, OwnSumDefinition } from './own/definitions.ts';
import { type OwnDimension, ownDimension } from './registry.ts';

/** What a team's file says. */
export interface ModelParts {
  readonly aliases: Aliases;
  readonly dimensions: readonly OwnDimensionDefinition[];
  readonly sums: readonly OwnSumDefinition[];
  readonly formulas: readonly OwnFormulaDefinition[];
}

/** A team's own words, as MODEL_FILE has them. They are applied when something is asked: nothing that is stored changes. */
export interface Model {
  readonly aliases: Aliases;
  readonly dimensions: ReadonlyMap<OwnDimension, OwnDimensionDefinition>;
  /** With the measures that every installation has. */
  readonly catalogue: Catalogue;
  /** Equal for models that say the same. */
  readonly digest: string;
  /** In the keys of queries: a model stands for what it says. */
  toJSON(): string;
}

export function createModel(parts: Partial<ModelParts>): Model {
  const { aliases = {}, dimensions = [], sums = [], formulas = [] } = parts;
  const digest = digestOf({ aliases, dimensions, sums, formulas });
  return {
    aliases,
    dimensions: new Map(dimensions.map((definition) => [ownDimension(definition.key), definition])),
    catalogue: createCatalogue({ sums, formulas }),
    digest,
    toJSON: () => digest,
  };
}

export const catalogueOf = (model: Model | undefined): Catalogue => model?.catalogue ?? standardCatalogue;

/** Equal for parts that say the same; of aliases and look-ups, in whatever order. */
function digestOf({ aliases, dimensions, sums, formulas }: ModelParts): string {
  const said = [
    utmColumns.map((column) => [...(aliases[column] ?? [])].sort()),
    dimensions.map((each) => (each.kind === 'lookup' ? { ...each, values: [...each.values].sort() } : each)),
    sums,
    formulas,
  ];
  return createHash('sha256').update(JSON.stringify(said)).digest('base64url');
}
