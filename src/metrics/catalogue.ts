import type { Filter } from './filter.ts';
import type { OwnFormulaDefinition, OwnSumDefinition } from './own/definitions.ts';
import { type Expression, sumsIn } from './own/expression.ts';
import {
  type Addend,
  type MeasureName,
  type Ratio,
  ratioNames,
  ratios,
  type Side,
  type StandardRatio,
  type StandardSum,
  type SumName,
  standardSum,
  sumNames,
  type Unit,
} from './registry.ts';

/** The sides that rows are read from. */
export type ScanSide = Side | 'events';

/** What rows of one side are added up to. Every other measure is worked out of such sums. */
export interface Sum {
  readonly from: ScanSide;
  /** Stands on the day that a CRM record was closed, where that is asked for. */
  readonly isOutcome: boolean;
  readonly unit: Exclude<Unit, 'ratio'>;
  readonly addend:
    | (Addend & {
        /** The column of rollups that has it. */
        readonly column: StandardSum;
      })
    | Exclude<OwnSumDefinition['addend'], { kind: 'standard' }>;
  /** Which rows count, besides those that the addend counts; undefined: all. */
  readonly where: Filter | undefined;
}

/** Whether a sum counts different values: what two groups have in common counts once in both together. */
export const isDistinct = ({ addend }: Sum): boolean => 'kind' in addend && addend.kind === 'distinct';

/** What a measure is, for the schema, the catalogue and the docs. */
interface MeasureInfo {
  readonly unit: Unit;
  readonly formula: string;
  readonly description: string;
}

/** The measures that can be asked for: those of every installation, and those of its model. */
export interface Catalogue {
  /** Sums first. */
  readonly measures: readonly MeasureName[];
  readonly sums: readonly SumName[];
  isSum(name: MeasureName): name is SumName;
  sum(name: SumName): Sum;
  isAmount(name: MeasureName): name is SumName;
  /** Whether groups add up to the total. */
  isAdditive(name: MeasureName): boolean;
  /** The sums that a measure is worked out of. */
  sumsOf(name: MeasureName): readonly SumName[];
  /** How; of a sum: the sum itself. */
  expressionOf(name: MeasureName): Expression<SumName>;
  describe(name: MeasureName): MeasureInfo;
}

type Definition = MeasureInfo & { readonly expression: Expression<SumName> };

/** @param own formulas take any of the other sums */
export function createCatalogue(own: {
  readonly sums: readonly OwnSumDefinition[];
  readonly formulas: readonly OwnFormulaDefinition[];
}): Catalogue {
  const definitionsOfSums = new Map<MeasureName, Sum>([
    ...sumNames.map((name) => [name, sumOfStandard(name)] as const),
    ...own.sums.map((definition) => [definition.name, ownSum(definition)] as const),
  ]);
  const definitions = new Map<MeasureName, Definition>([
    ...sumNames.map((name) => [name, { ...standardSum(name), expression: { sum: name } }] as const),
    ...own.sums.map(
      ({ name, formula, description, addend, where }) =>
        [
          name,
          { formula, description, unit: ownSum({ addend, where }).unit, expression: { sum: name } },
        ] as const,
    ),
    ...ratioNames.map((name) => [name, { ...ratios[name], expression: expressionOfRatio(name) }] as const),
    ...own.formulas.map((definition) => [definition.name, definition] as const),
  ]);
  const sumsOfMeasures = new Map(
    [...definitions].map(([name, { expression }]) => [name, sumsIn(expression)] as const),
  );
  const definitionOf = (name: MeasureName): Definition => known(definitions.get(name), name);
  return {
    measures: [...definitions.keys()],
    sums: [...definitionsOfSums.keys()] as SumName[],
    isSum: (name): name is SumName => definitionsOfSums.has(name),
    sum: (name) => known(definitionsOfSums.get(name), name),
    isAmount: (name): name is SumName => definitionsOfSums.get(name)?.unit === 'money',
    isAdditive(name) {
      const sum = definitionsOfSums.get(name);
      return sum !== undefined && !isDistinct(sum);
    },
    sumsOf: (name) => known(sumsOfMeasures.get(name), name),
    expressionOf: (name) => definitionOf(name).expression,
    describe: definitionOf,
  };
}

function known<T>(found: T | undefined, name: MeasureName): T {
  if (found === undefined) throw new Error(`there is no measure ${name}`);
  return found;
}

/** Without a model. */
export const standardCatalogue = createCatalogue({ sums: [], formulas: [] });

function sumOfStandard(name: StandardSum): Sum {
  const { from, unit, isOutcome = false, value, counts } = standardSum(name);
  return { from, unit, isOutcome, addend: { column: name, value, counts }, where: undefined };
}

function ownSum({ addend, where }: Pick<OwnSumDefinition, 'addend' | 'where'>): Sum {
  switch (addend.kind) {
    case 'standard':
      return { ...sumOfStandard(addend.of), where };
    case 'extra':
      return { from: 'ads', isOutcome: false, unit: addend.unit, addend, where };
    case 'events':
    case 'distinct':
      return { from: 'events', isOutcome: false, unit: 'count', addend, where };
    case 'values': {
      const unit = addend.currency === undefined ? 'quantity' : 'money';
      return { from: 'events', isOutcome: false, unit, addend, where };
    }
    default:
      return addend satisfies never;
  }
}

function expressionOfRatio(name: StandardRatio): Expression<SumName> {
  const ratio: Ratio<StandardSum> = ratios[name];
  const quotient = {
    operator: '/',
    left: { sum: ratio.numerator },
    right: { sum: ratio.denominator },
  } as const;
  return ratio.factor !== undefined
    ? { operator: '*', left: { number: ratio.factor }, right: quotient }
    : quotient;
}
