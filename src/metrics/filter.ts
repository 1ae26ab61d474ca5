import type { TextDimension } from './registry.ts';

export const textOperators = [
  'eq',
  'ne',
  'in',
  'notIn',
  'contains',
  'startsWith',
  'endsWith',
  'isUnknown',
] as const;

type TextOperator = (typeof textOperators)[number];

/**
 * A condition on dimensions. Null never equals a text, so `ne`, `notIn` and `not` hold for it unless they name it: a filter and
 * its `not` split the rows in two.
 */
export type Filter =
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter }
  | {
      readonly dimension: TextDimension;
      readonly operator: Exclude<TextOperator, 'isUnknown'>;
      /** Null stands for records without a value. */
      readonly values: readonly (string | null)[];
    }
  | { readonly dimension: TextDimension; readonly operator: 'isUnknown'; readonly holds: boolean };
