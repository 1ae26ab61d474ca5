/** 2^23 slots of 8 bytes: 64 MB at most, enough for 6.7 million keys. */
const maxSlots = 2 ** 23;
const maxLoad = 0.8;

/**
 * Remembers which keys a feed has had and with which figures, in 8 bytes a key: 48 bits of the key's hash and 16 of the
 * figures'. It only counts (rows are stored either way), so a collision, one in 10^14 pairs, miscounts one and loses none.
 * Beyond its capacity, new keys are no longer remembered and `overflowed` says so.
 */
export class SeenKeys {
  private slots = 2 ** 12;
  private words = new Uint32Array(this.slots * 2);
  private size = 0;
  overflowed = false;

  /** Notes a key; says whether it was there before, and with the same figures. */
  add(row: Buffer, keyEnd: number, figuresEnd: number): 'new' | 'identical' | 'conflicting' {
    let high = 0x811c9dc5;
    let low = 0x9e3779b9;
    for (let index = 0; index < keyEnd; index++) {
      const byte = row[index] ?? 0;
      high = Math.imul(high ^ byte, 0x01000193);
      low = Math.imul(low ^ byte, 0x85ebca6b) ^ (low >>> 15);
    }
    let figures = 0x811c9dc5;
    for (let index = keyEnd; index < figuresEnd; index++)
      figures = Math.imul(figures ^ (row[index] ?? 0), 0x01000193);
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
      if (this.slots === maxSlots) {
        this.overflowed = true;
        return;
      }
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
