import { parseJson } from '../../formats/json/parse.ts';
import { displayValue, type Reject } from '../../records/outcome.ts';
import { kinds } from '../kinds/kinds.ts';
import type { StoredReject } from '../rejects/find-rejects.ts';

/** Fields that replace those of a record; null removes one. */
export type RecordPatch = Readonly<Record<string, unknown>>;

/**
 * The raw record to be tried again, with a patch merged in; or why there is none.
 *
 * @param replacement stands in for the record as it came
 */
export function patchRecord(
  stored: Pick<StoredReject, 'record' | 'kind' | 'rejected_at'>,
  patch: RecordPatch | undefined,
  replacement: unknown,
): { readonly raw: unknown } | { readonly reject: Reject } {
  const parsed = replacement ?? parseJson(stored.record);
  if (parsed === undefined) {
    const detail = `The record is no JSON: ${displayValue(stored.record)}; give it anew in \`record\`.`;
    return { reject: { reason: 'malformed', field: '', detail } };
  }
  if (!isObject(parsed)) return { raw: parsed };
  const patched: Record<string, unknown> = { ...parsed };
  for (const [name, value] of Object.entries(patch ?? {})) {
    if (value === null) delete patched[name];
    else patched[name] = value;
  }
  // What has no time of its own happened when it came, not when it is tried again.
  const { arrivalField } = kinds[stored.kind];
  if (arrivalField !== undefined) patched[arrivalField] ??= stored.rejected_at.getTime();
  return { raw: patched };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
