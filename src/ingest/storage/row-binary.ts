import type { DecimalText } from '../../records/numerals.ts';

/** Enough for almost any row; longer ones make the memory grow. */
const firstCapacity = 64 * 1_024;
/** What a row's figures and short texts need beside its long texts. */
const reserve = 4_096;

/**
 * Encodes one row at a time in ClickHouse's RowBinary, into a buffer that is used again for the next: the cheapest form
 * for both ends. LowCardinality columns are written as their inner type, Decimal(18, 6) as a 64-bit count of millionths,
 * Decimal(38, 18) as a 128-bit count of 10^-18.
 */
export class RowEncoder {
  private buffer = Buffer.from(new ArrayBuffer(firstCapacity));
  private wordView = new Int32Array(this.buffer.buffer);
  private offset = 0;

  /** The same bytes as 32-bit words, for hashing. */
  get words(): Int32Array {
    return this.wordView;
  }

  start(): void {
    this.offset = 0;
  }

  get length(): number {
    return this.offset;
  }

  /** Clears what an earlier, longer row left in the last word. */
  padWord(): void {
    this.buffer[this.offset] = 0;
    this.buffer[this.offset + 1] = 0;
    this.buffer[this.offset + 2] = 0;
  }

  copyTo(target: Buffer, offset: number): void {
    this.buffer.copy(target, offset, 0, this.offset);
  }

  uint8(value: number): void {
    this.buffer[this.offset++] = value;
  }

  /** Date. */
  uint16(value: number): void {
    this.buffer[this.offset++] = value & 0xff;
    this.buffer[this.offset++] = value >>> 8;
  }

  /** UInt64, for whole numbers up to 2^53 − 1. */
  uint64(value: number): void {
    this.buffer.writeUInt32LE(value % 0x1_0000_0000, this.offset);
    this.buffer.writeUInt32LE(Math.floor(value / 0x1_0000_0000), this.offset + 4);
    this.offset += 8;
  }

  /** DateTime64(3), for epoch milliseconds on either side of 1970. */
  int64(value: number): void {
    this.buffer.writeBigInt64LE(BigInt(value), this.offset);
    this.offset += 8;
  }

  /** Decimal(18, 6), for amounts below 10^12. */
  money(value: number): void {
    if (value < 2 ** 32) {
      this.uint64(Math.round(value * 1e6));
      return;
    }
    // Here the product would lose the last decimals. The shortest decimal that names the number has them all.
    const [whole = '', decimals = ''] = String(value).split('.');
    this.buffer.writeBigInt64LE(BigInt(whole + decimals.slice(0, 6).padEnd(6, '0')), this.offset);
    this.offset += 8;
  }

  /** Decimal(38, 18), for numbers of either sign below 10^20, with up to 18 decimals. */
  rate(value: DecimalText): void {
    const [whole = '', decimals = ''] = value.split('.');
    const units = BigInt.asUintN(128, BigInt(whole + decimals.padEnd(18, '0')));
    this.buffer.writeBigUInt64LE(BigInt.asUintN(64, units), this.offset);
    this.buffer.writeBigUInt64LE(units >> 64n, this.offset + 8);
    this.offset += 16;
  }

  /** A length: LEB128, as it stands before a String's bytes. */
  varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.buffer[this.offset++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.offset++] = rest;
  }

  text(value: string): void {
    const { length } = value;
    if (length < 40) {
      // Short plain texts byte by byte: the call into Buffer.write costs more than they do.
      const start = this.offset + 1;
      let index = 0;
      for (; index < length; index++) {
        const code = value.charCodeAt(index);
        if (code > 0x7f) break;
        this.buffer[start + index] = code;
      }
      if (index === length) {
        this.buffer[this.offset] = length;
        this.offset = start + length;
        return;
      }
    }
    const size = Buffer.byteLength(value);
    if (this.offset + size + reserve > this.buffer.length) this.grow(this.offset + size + reserve);
    this.varint(size);
    this.offset += this.buffer.write(value, this.offset, size);
  }

  /** Map(String, String); undefined is the empty one. */
  map(values: Readonly<Record<string, string>> | undefined): void {
    const entries = values === undefined ? [] : Object.entries(values);
    this.varint(entries.length);
    for (const [name, value] of entries) {
      this.text(name);
      this.text(value);
    }
  }

  /** Map(String, Decimal(18, 6)); undefined is the empty one. */
  moneyMap(values: Readonly<Record<string, number>> | undefined): void {
    const entries = values === undefined ? [] : Object.entries(values);
    this.varint(entries.length);
    for (const [name, value] of entries) {
      this.text(name);
      this.money(value);
    }
  }

  private grow(needed: number): void {
    const old = this.buffer;
    this.buffer = Buffer.from(new ArrayBuffer(2 ** Math.ceil(Math.log2(needed))));
    this.wordView = new Int32Array(this.buffer.buffer);
    old.copy(this.buffer, 0, 0, this.offset);
  }
}
