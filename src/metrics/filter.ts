import type { Field } from './registry.ts';

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
 * A condition on dimensions. Null equals no text, so `ne`, `notIn` and `not` match null unless they name it: every row matches
 * either a filter or its `not`.
 */
export type Filter =
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter }
  | {
      readonly dimension: Field;
      /** `matches`: a regular expression in the syntax of RE2, whatever the case. In models only. */
      readonly operator: Exclude<TextOperator, 'isUnknown'> | 'matches';
      /** Null stands for records without a value. */
      readonly values: readonly (string | null)[];
    }
  | { readonly dimension: Field; readonly operator: 'isUnknown'; readonly holds: boolean };
