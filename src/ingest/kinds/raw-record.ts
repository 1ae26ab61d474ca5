import { parseJson } from '../../formats/json/parse.ts';
import { fieldsOf } from '../../records/contract.ts';
import { formatDay } from '../../records/day.ts';
import type { KindRecord } from './kinds.ts';

/**
 * A normalised record as it could have been sent: by the names of its contract, in a form that is normalised to the same
 * record. Only the contact is not there, of which nothing but a hash is known.
 */
export function toRawRecord(entry: KindRecord): Record<string, unknown> {
  const values: Readonly<Record<string, unknown>> = { ...entry.record, ...namedOtherwise(entry) };
  const raw: Record<string, unknown> = {};
  for (const [name] of fieldsOf(entry.kind)) {
    const value = values[toCamelCase(name)];
    if (value !== undefined && value !== '') raw[name] = value;
  }
  const extra = parseJson(entry.record.extra);
  return typeof extra === 'object' && extra !== null ? { ...raw, ...extra } : raw;
}

function namedOtherwise({ kind, record }: KindRecord): Record<string, unknown> {
  switch (kind) {
    case 'ad_performance':
      return { date: formatDay(record.day) };
    case 'opportunity':
      return { createdAt: new Date(record.createdAt).toISOString(), stage: record.stageName };
    case 'event':
      return { timestamp: new Date(record.timestamp).toISOString() };
    default:
      return kind satisfies never;
  }
}

/** `utm_campaign` → `utmCampaign`. */
export const toCamelCase = (name: string): string =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
