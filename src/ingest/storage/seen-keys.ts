import type { Day } from '../../records/day.ts';

const bytesPerSlot = 8;
const maxLoad = 0.8;

/** Enough for 3.3 million keys at a time. */
const defaultBudgetBytes = 2 ** 25;

/**
 * Remembers which keys a feed has had and with which figures. Day by day, so that a feed in the order of time, however
 * long, needs little: beyond the budget, the day that has not been written to for longest is forgotten. When such a day
 * comes again its duplicates can no longer be told, and `overflowed` says so. It only counts: rows are stored either way.
 */
export class SeenKeys {
  /** In the order of last use. */
  private readonly days = new Map<Day, DayKeys>();
  private readonly forgotten = new Set<Day>();
  private current: { readonly day: Day; readonly keys: DayKeys } | undefined;
  overflowed = false;

  constructor(private readonly budgetBytes = defaultBudgetBytes) {}

  /** Notes a row's key; see `DayKeys.add`. */
  add(day: Day, words: Int32Array, keyEnd: number, figuresEnd: number): 'new' | 'identical' | 'conflicting' {
    if (this.current?.day !== day) this.current = { day, keys: this.open(day) };
    return this.current.keys.add(words, keyEnd, figuresEnd);
  }

  private open(day: Day): DayKeys {
    const keys = this.days.get(day) ?? new DayKeys();
    this.days.delete(day);
    this.days.set(day, keys);
    if (this.forgotten.delete(day)) this.overflowed = true;
    let bytes = 0;
    for (const known of this.days.values()) bytes += known.bytes;
    for (const [oldest, known] of this.days) {
      if (bytes <= this.budgetBytes || oldest === day) break;
      bytes -= known.bytes;
      this.days.delete(oldest);
      this.forgotten.add(oldest);
    }
    return keys;
  }
}

/** One day's keys in 8 bytes each: 48 bits of the key's hash and 16 of the figures'. A collision, one in 10^14 pairs, miscounts one. */
class DayKeys {
  private slots = 2 ** 8;
  private words = new Uint32Array(this.slots * 2);
  private size = 0;

  get bytes(): number {
    return this.slots * bytesPerSlot;
  }

  /**
   * Notes the key in the first `keyEnd` bytes and the figures behind it; says whether the key was there before, and with the
   * same figures.
   *
   * @param words the row's bytes as 32-bit words, with at least three zero bytes behind `figuresEnd`
   */
  add(words: Int32Array, keyEnd: number, figuresEnd: number): 'new' | 'identical' | 'conflicting' {
    let high = keyEnd;
    let low = 0x9e3779b9;
    const keyWords = keyEnd >>> 2;
    for (let index = 0; index < keyWords; index++) {
      const word = words[index] ?? 0;
      high = Math.imul(high ^ word, 0x85ebca6b);
      high ^= high >>> 15;
      low = Math.imul(low ^ word, 0xc2b2ae35);
      low = (low << 13) | (low >>> 19);
    }
    // The word in which the key ends and the figures begin counts for both, each with its own bytes.
    const shift = (keyEnd & 3) * 8;
    const border = words[keyWords] ?? 0;
    const keyRest = shift === 0 ? 0 : border & ((1 << shift) - 1);
    high = Math.imul(high ^ keyRest, 0x85ebca6b);
    low = Math.imul(low ^ keyRest, 0xc2b2ae35);
    let figures = border >>> shift;
    const allWords = (figuresEnd + 3) >>> 2;
    for (let index = keyWords + 1; index < allWords; index++)
      figures = Math.imul(figures ^ (words[index] ?? 0), 0x01000193) ^ (figures >>> 13);
    // 0 marks an empty slot.
    const first = mix(high) || 1;
    const key = mix(low) & 0xffff0000;
    const second = (key | ((mix(figures) >>> 16) & 0xffff)) >>> 0;

    for (let slot = first & (this.slots - 1); ; slot = (slot + 1) & (this.slots - 1)) {
      const stored = this.words[slot * 2];
      const rest = this.words[slot * 2 + 1] ?? 0;
      if (stored === 0) {
        this.insert(slot, first >>> 0, second);
        return 'new';
      }
      if (stored === first >>> 0 && (rest & 0xffff0000) === key) {
        if (rest === second) return 'identical';
        this.words[slot * 2 + 1] = second;
        return 'conflicting';
      }
    }
  }

  private insert(slot: number, first: number, second: number): void {
    if (this.size + 1 > this.slots * maxLoad) {
      this.grow();
      this.place(first, second);
    } else {
      this.words[slot * 2] = first;
      this.words[slot * 2 + 1] = second;
    }
    this.size += 1;
  }

  private grow(): void {
    const old = this.words;
    this.slots *= 2;
    this.words = new Uint32Array(this.slots * 2);
    for (let index = 0; index < old.length; index += 2) {
      const first = old[index] ?? 0;
      if (first !== 0) this.place(first, old[index + 1] ?? 0);
    }
  }

  private place(first: number, second: number): void {
    let slot = first & (this.slots - 1);
    while (this.words[slot * 2] !== 0) slot = (slot + 1) & (this.slots - 1);
    this.words[slot * 2] = first;
    this.words[slot * 2 + 1] = second;
  }
}

/** MurmurHash3's finaliser: spreads every input bit over all 32. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
