import type { Filter } from '../filter.ts';
import type {
  EventField,
  LabelName,
  OwnMeasure,
  StandardSum,
  StoredField,
  SumName,
  Unit,
} from '../registry.ts';
import type { Expression } from './expression.ts';

interface Named {
  /** In lower case, with underscores: `channel_group`. */
  readonly key: string;
  readonly description: string;
}

/** A dimension of a model: what of other dimensions' values its own are worked out of. */
export type OwnDimensionDefinition = Named & {
  /** The value where nothing else applies; undefined: null. */
  readonly otherwise: string | undefined;
} & (
    | {
        readonly kind: 'rules';
        /** The first whose condition holds gives the value. */
        readonly rules: readonly { readonly value: string; readonly when: Filter }[];
        /** The dimensions that the conditions are about. */
        readonly reads: readonly StoredField[];
      }
    | {
        readonly kind: 'pattern';
        readonly of: LabelName;
        /** In the syntax of RE2. */
        readonly pattern: string;
        /** The number of the group whose text is the value. */
        readonly group: number;
      }
    | {
        readonly kind: 'lookup';
        readonly of: LabelName;
        /** By values of `of` as they are stored. */
        readonly values: ReadonlyMap<string, string>;
      }
  );

/** What a sum of a model adds up. */
export type OwnAddend =
  | { readonly kind: 'standard'; readonly of: StandardSum }
  | { readonly kind: 'extra'; readonly name: string; readonly unit: 'quantity' }
  | { readonly kind: 'events' }
  | { readonly kind: 'distinct'; readonly field: EventField }
  | {
      readonly kind: 'values';
      readonly field: EventField;
      /** A code, or the field that has it; undefined: it is no money. */
      readonly currency: { readonly code: string } | { readonly field: EventField } | undefined;
    };

export interface OwnSumDefinition extends Named {
  readonly name: OwnMeasure;
  readonly addend: OwnAddend;
  /** Which rows count; undefined: all. */
  readonly where: Filter | undefined;
  /** In words: `sum of cost where utm_campaign contains brand`. */
  readonly formula: string;
}

export interface OwnFormulaDefinition extends Named {
  readonly name: OwnMeasure;
  readonly unit: Exclude<Unit, 'count'>;
  readonly expression: Expression<SumName>;
  /** As it is written. */
  readonly formula: string;
}
