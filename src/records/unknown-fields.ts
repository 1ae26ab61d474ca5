import type { Contract } from './contract-field.ts';
import type { Repairs } from './outcome.ts';

/** How much of the unknown fields of one record is kept, as UTF-8. */
export const maxExtraBytes = 16_384;

type RecordFields = Readonly<Record<string, unknown>>;

/** Finds the fields of records that their contract does not name, and keeps them as JSON text. */
export class UnknownFields {
  private readonly known: ReadonlySet<string>;
  /** The records of a feed mostly have the same fields in the same order: what was found for the last is found again. */
  private lastNames: string[] = [];
  private lastUnknown: string[] = [];

  constructor({ fields }: Pick<Contract, 'fields'>) {
    this.known = new Set(Object.keys(fields));
  }

  /** A JSON object of the unknown fields of `raw`, or the empty text where there are none. */
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

/** The members are written out one by one: a name such as `__proto__` is never the key of an object here. */
function writeExtra(raw: RecordFields, names: readonly string[], repairs: Repairs): string {
  const members = names.map((name) => writeMember(name, raw[name]));
  const whole = members.filter((member) => member !== undefined);
  let size = 1;
  for (const member of whole) size += Buffer.byteLength(member) + 1;
  if (whole.length < members.length || size > maxExtraBytes) repairs.note('extra_truncated');
  const kept = size > maxExtraBytes ? withoutLargest(whole) : whole;
  return kept.length === 0 ? '' : `{${kept.join(',')}}`;
}

/** The members that fit, in their order, when the largest are left out. */
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

/** Undefined for a value that cannot be written: nested too deeply, say. */
function writeMember(name: string, value: unknown): string | undefined {
  try {
    const text = JSON.stringify(value);
    return text === undefined ? undefined : `${JSON.stringify(name)}:${text}`;
  } catch {
    return undefined;
  }
}
