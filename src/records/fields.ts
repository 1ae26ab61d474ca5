import { createDateFields, type DateFields } from './date-fields.ts';
import type { FieldRules } from './field-rules.ts';
import { createFigureFields, type FigureFields } from './figure-fields.ts';
import { createMissingTest } from './missing-values.ts';
import { createTextFields, type TextFields } from './text-fields.ts';

/** Reads the fields of raw records. `Name` are those that the record's contract names: no other can be read. */
export interface FieldReader<Name extends string>
  extends TextFields<Name>,
    FigureFields<Name>,
    DateFields<Name> {
  /** Whether a value is none: null, blank, or a word that stands for nothing. */
  isMissing(value: unknown): boolean;
}

/** Reads by the rules of one source. Pure but for what it remembers of texts that it has read before. */
export const createFieldReader = <Name extends string>(rules: FieldRules): FieldReader<Name> => ({
  ...createTextFields<Name>(rules),
  ...createFigureFields<Name>(rules),
  ...createDateFields<Name>(rules),
  isMissing: createMissingTest(rules.missing),
});
