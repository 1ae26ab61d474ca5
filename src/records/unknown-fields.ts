import type { Contract } from './contract-field.ts';
import type { Repairs } from './outcome.ts';

/** Maximum size of the unknown fields of one record, in bytes of UTF-8. */
export const maxExtraBytes = 16_384;

type RecordFields = Readonly<Record<string, unknown>>;

/** Finds the fields of records that the contract does not name, and returns them as JSON text. */
export class UnknownFields {
  private readonly known: ReadonlySet<string>;
  /**
   * The field names of the last record. Most records of a feed have the same fields in the same order, so its result is reused.
   */
  private lastNames: string[] = [];
  private lastUnknown: string[] = [];

  constructor({ fields }: Pick<Contract, 'fields'>) {
    this.known = new Set(Object.keys(fields));
  }

  /** Returns a JSON object of the unknown fields of `raw`, or an empty string if there are none. */
  read(raw: RecordFields, repairs: Repairs): string {
    const unknown = this.namesOf(raw);
    if (unknown.length === 0) return '';
    repairs.noteUnknownFields(unknown);
    return writeExtra(raw, unknown, repairs);
  }

  private namesOf(raw: RecordFields): readonly string[] {
    const last = this.lastNames;
    let index = 0;
    for (const name in raw) {
      if (name !== last[index]) return this.compare(raw);
      index++;
    }
    return index === last.length ? this.lastUnknown : this.compare(raw);
  }

  private compare(raw: RecordFields): readonly string[] {
    this.lastNames = Object.keys(raw);
    this.lastUnknown = this.lastNames.filter((name) => !this.known.has(name));
    return this.lastUnknown;
  }
}

/** Serialises each member separately, so that a name such as `__proto__` never becomes a key of an object. */
function writeExtra(raw: RecordFields, names: readonly string[], repairs: Repairs): string {
  const members = names.map((name) => writeMember(name, raw[name]));
  const whole = members.filter((member) => member !== undefined);
  let size = 1;
  for (const member of whole) size += Buffer.byteLength(member) + 1;
  if (whole.length < members.length || size > maxExtraBytes) repairs.note('extra_truncated');
  const kept = size > maxExtraBytes ? withoutLargest(whole) : whole;
  return kept.length === 0 ? '' : `{${kept.join(',')}}`;
}

/** Returns the members that fit without the largest ones, in their order. */
function withoutLargest(members: readonly string[]): readonly string[] {
  const bySize = members.map((member, index) => ({ index, size: Buffer.byteLength(member) + 1 }));
  bySize.sort((a, b) => a.size - b.size);
  const kept = new Set<number>();
  let size = 1;
  for (const member of bySize) {
    size += member.size;
    if (size > maxExtraBytes) break;
    kept.add(member.index);
  }
  return members.filter((_, index) => kept.has(index));
}

/** Returns undefined for a value that cannot be serialised, such as one nested too deeply. */
function writeMember(name: string, value: unknown): string | undefined {
  try {
    const text = JSON.stringify(value);
    return text === undefined ? undefined : `${JSON.stringify(name)}:${text}`;
  } catch {
    return undefined;
  }
}
