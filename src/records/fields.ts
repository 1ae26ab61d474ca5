import { createDateFields, type DateFields } from './date-fields.ts';
import type { FieldRules } from './field-rules.ts';
import { createFigureFields, type FigureFields } from './figure-fields.ts';
import { createMissingTest } from './missing-values.ts';
import { createTextFields, type TextFields } from './text-fields.ts';

/** Reads the fields of raw records. `Name` are the field names of the contract; no others can be read. */
export interface FieldReader<Name extends string>
  extends TextFields<Name>,
    FigureFields<Name>,
    DateFields<Name> {
  /** Whether a value is missing: null, blank, or a word that means "no value". */
  isMissing(value: unknown): boolean;
}

/** Returns a reader that follows the rules of one source. It is pure except for caches of texts. */
export const createFieldReader = <Name extends string>(rules: FieldRules): FieldReader<Name> => ({
  ...createTextFields<Name>(rules),
  ...createFigureFields<Name>(rules),
  ...createDateFields<Name>(rules),
  isMissing: createMissingTest(rules.missing),
});
