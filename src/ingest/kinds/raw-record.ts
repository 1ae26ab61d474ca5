import { parseJson } from '../../formats/json/parse.ts';
import { fieldsOf } from '../../records/contract.ts';
import { type KindRecord, rawFieldsOf } from './kinds.ts';

/**
 * A normalised record as it could have been sent: by the names of its contract, in a form that is normalised to the same
 * record. Only the contact is not there, of which nothing but a hash is known.
 */
export function toRawRecord(entry: KindRecord): Record<string, unknown> {
  const values: Readonly<Record<string, unknown>> = { ...entry.record };
  const rawFields = rawFieldsOf(entry);
  const raw: Record<string, unknown> = {};
  for (const [name] of fieldsOf(entry.kind)) {
    const value = rawFields[name] ?? values[toCamelCase(name)];
    if (value !== undefined && value !== '') raw[name] = value;
  }
  const extra = parseJson(entry.record.extra);
  return typeof extra === 'object' && extra !== null ? { ...raw, ...extra } : raw;
}

/** `utm_campaign` → `utmCampaign`. */
export const toCamelCase = (name: string): string =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
