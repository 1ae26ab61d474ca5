import type { FieldRules } from './field-rules.ts';
import { normalise, Repairs } from './outcome.ts';
import { createTextFields } from './text-fields.ts';

/** Returns a function that reads the identifier of rejected records, by the rules of their source; undefined where there is none. */
export function createRejectedIdReader<Name extends string>(
  field: Name,
  rules: FieldRules,
): (raw: unknown) => string | undefined {
  const read = createTextFields<Name>(rules);
  const unnoted = new Repairs();
  return (raw) => {
    const found = normalise(raw, unnoted, (fields) => read.optionalIdentifier(fields, field));
    return 'record' in found && found.record !== '' ? found.record : undefined;
  };
}
