/** Why a record could not be read. */
export type MalformedReason = 'invalid_json' | 'invalid_csv' | 'record_too_large';

/** A record that is invalid JSON, an invalid CSV row, or oversized. */
export interface MalformedRecord {
  /** 1-based: a record number; in NDJSON and CSV the line number. */
  readonly position: number;
  /** The first 64 KB of it. */
  readonly text: string;
  readonly reason: MalformedReason;
  /** A sentence with more detail than the reason. */
  readonly detail?: string;
}

/** Consecutive records of a feed: `records[i]` has the position `firstPosition + i`. */
export interface RecordBatch {
  readonly records: readonly unknown[];
  /** 1-based position of `records[0]`: a record number; in NDJSON and CSV the line number. Without records, of `malformed[0]`. */
  readonly firstPosition: number;
  readonly malformed: readonly MalformedRecord[];
  /** Bytes read from the body since the batch before this one. */
  readonly bytes: number;
  /**
   * Returns the JSON text of `records[index]`: the parsed value loses digits of long numbers and the first of two members with
   * one name. Undefined if the record has no JSON text of its own.
   */
  readonly textAt?: (index: number) => string | undefined;
}

/** Returns the JSON text of `records[index]` as received, else the parsed value. A record that is a string is its own text. */
export function originalOf({ records, textAt }: RecordBatch, index: number): unknown {
  const record = records[index];
  return typeof record === 'string' ? record : (textAt?.(index) ?? record);
}

/** The JSON texts of records, or a function that computes them on first use. */
export type RecordTexts = readonly string[] | (() => readonly string[]);

class OpenBatch implements RecordBatch {
  records: unknown[] = [];
  malformed: MalformedRecord[] = [];
  bytes = 0;
  firstPosition: number;
  /** Texts in the order of the records. Each entry applies from the record index `from` up to the next entry. */
  private readonly texts: { readonly from: number; texts: RecordTexts }[] = [];
  /** The last entry of `texts` while records are added one by one. */
  private growing: string[] | undefined;

  constructor(firstPosition: number) {
    this.firstPosition = firstPosition;
  }

  add(record: unknown, text: string | undefined): void {
    if (text === undefined) {
      this.growing = undefined;
      this.texts.push({ from: this.records.length, texts: [] });
    } else if (this.growing === undefined) {
      this.growing = [text];
      this.texts.push({ from: this.records.length, texts: this.growing });
    } else {
      this.growing.push(text);
    }
    this.records.push(record);
  }

  addAll(records: unknown[], texts: RecordTexts): void {
    this.growing = undefined;
    this.texts.push({ from: this.records.length, texts });
    if (this.records.length === 0) this.records = records;
    else for (const record of records) this.records.push(record);
  }

  /** An own property, so that a copy of a batch keeps it. */
  readonly textAt = (index: number): string | undefined => {
    const run = this.texts.findLast(({ from }) => from <= index);
    if (run === undefined) return undefined;
    if (typeof run.texts === 'function') run.texts = run.texts();
    return run.texts[index - run.from]?.trim();
  };
}

/** Collects the records of the stages into batches, and counts them. */
export class RecordBatches {
  private done: OpenBatch[] = [];
  private open: OpenBatch | undefined;
  private unclaimedBytes = 0;
  /** Records read so far, without malformed ones. */
  kept = 0;

  addBytes(count: number): void {
    this.unclaimedBytes += count;
  }

  /** Adds `records`, the first at `position`. Takes ownership of the array. */
  addRecords(records: unknown[], position: number, texts: RecordTexts): void {
    if (records.length === 0) return;
    this.kept += records.length;
    this.batchAt(position).addAll(records, texts);
  }

  /** @param text the JSON that the record was parsed from */
  addRecord(record: unknown, position: number, text?: string): void {
    this.kept++;
    this.batchAt(position).add(record, text);
  }

  addMalformed(position: number, text: string, reason: MalformedReason, detail?: string): void {
    this.open ??= new OpenBatch(position);
    this.open.malformed.push({ position, text, reason, ...(detail === undefined ? {} : { detail }) });
  }

  /** Returns the collected batches; the next record starts a new one. */
  take(): RecordBatch[] {
    const batches = this.done;
    if (this.open !== undefined) batches.push(this.open);
    this.done = [];
    this.open = undefined;
    const [first] = batches;
    if (first !== undefined) {
      first.bytes = this.unclaimedBytes;
      this.unclaimedBytes = 0;
    }
    return batches;
  }

  private batchAt(position: number): OpenBatch {
    const open = this.open;
    if (open !== undefined) {
      if (open.records.length === 0) open.firstPosition = position;
      if (open.firstPosition + open.records.length === position) return open;
      this.done.push(open);
    }
    this.open = new OpenBatch(position);
    return this.open;
  }
}
