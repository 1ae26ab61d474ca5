/** Why a record could not be read. */
export type MalformedReason = 'invalid_json' | 'invalid_csv' | 'record_too_large';

/** A record that is not JSON, no row of CSV, or too long to be held. */
export interface MalformedRecord {
  /** 1-based: a record number; in NDJSON and CSV the line number. */
  readonly position: number;
  /** The first 64 KB of it. */
  readonly text: string;
  readonly reason: MalformedReason;
  /** What is wrong with it, where more is known than the reason: a sentence. */
  readonly detail?: string;
}

/** Records that follow each other in the feed without a gap: `records[i]` stands at `firstPosition + i`. */
export interface RecordBatch {
  readonly records: readonly unknown[];
  /** 1-based position of `records[0]`: a record number; in NDJSON and CSV the line number. Without records, of `malformed[0]`. */
  readonly firstPosition: number;
  readonly malformed: readonly MalformedRecord[];
  /** Bytes read from the body since the batch before this one. */
  readonly bytes: number;
}

interface OpenBatch {
  records: unknown[];
  firstPosition: number;
  malformed: MalformedRecord[];
  bytes: number;
}

/** Gathers what the stages read into batches, and knows how far the feed has come. */
export class RecordBatches {
  private done: OpenBatch[] = [];
  private open: OpenBatch | undefined;
  private unclaimedBytes = 0;
  /** Records read so far, the malformed ones left out. */
  kept = 0;

  addBytes(count: number): void {
    this.unclaimedBytes += count;
  }

  /** Takes over `records`, the first of which stands at `position`. */
  addRecords(records: unknown[], position: number): void {
    if (records.length === 0) return;
    this.kept += records.length;
    const batch = this.batchAt(position);
    if (batch.records.length === 0) batch.records = records;
    else for (const record of records) batch.records.push(record);
  }

  addRecord(record: unknown, position: number): void {
    this.kept++;
    this.batchAt(position).records.push(record);
  }

  addMalformed(position: number, text: string, reason: MalformedReason, detail?: string): void {
    this.open ??= { records: [], firstPosition: position, malformed: [], bytes: 0 };
    this.open.malformed.push({ position, text, reason, ...(detail === undefined ? {} : { detail }) });
  }

  /** The batches that are ready; the next record starts a new one. */
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
    const fresh = { records: [], firstPosition: position, malformed: [], bytes: 0 };
    this.open = fresh;
    return fresh;
  }
}
