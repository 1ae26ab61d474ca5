/** Larger than any row: 12 texts of 1,024 characters at 4 bytes, and the figures. */
const rowCapacity = 64 * 1_024;

/**
 * Encodes one row at a time in ClickHouse's RowBinary, into a buffer that is used again for the next: the cheapest form
 * for both ends. LowCardinality columns are written as their inner type, Decimal(18, 6) as a 64-bit count of millionths.
 */
export class RowEncoder {
  private readonly memory = new ArrayBuffer(rowCapacity);
  private readonly buffer = Buffer.from(this.memory);
  /** The same bytes as 32-bit words, for hashing. */
  readonly words = new Int32Array(this.memory);
  private offset = 0;

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
    const millionths = Math.round(value * 1e6);
    if (millionths <= Number.MAX_SAFE_INTEGER) {
      this.uint64(millionths);
    } else {
      this.buffer.writeBigInt64LE(BigInt(value.toFixed(6).replace('.', '')), this.offset);
      this.offset += 8;
    }
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
    let size = Buffer.byteLength(value);
    const content = size;
    while (size > 0x7f) {
      this.buffer[this.offset++] = (size & 0x7f) | 0x80;
      size >>>= 7;
    }
    this.buffer[this.offset++] = size;
    this.offset += this.buffer.write(value, this.offset, content);
  }
}
