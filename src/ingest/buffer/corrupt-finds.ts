/** Bytes that hold no intact record, in one segment. */
export interface CorruptRange {
  readonly from: number;
  readonly to: number;
  /** How many records they were, as far as their neighbours tell. */
  readonly records: number;
}

/** When the intact records around corrupt ones were pushed, epoch milliseconds: the corrupt ones were pushed between. */
export interface CorruptSpan {
  readonly after: number | undefined;
  readonly before: number | undefined;
}

/** Gathers what is corrupt while frames are visited. */
export interface CorruptFinds {
  readonly ranges: readonly CorruptRange[];
  readonly span: CorruptSpan;
  /** An intact record has been met. */
  passed(time: number): void;
  add(range: CorruptRange): void;
}

/** For one segment. */
export function gatherCorrupt(): CorruptFinds {
  const ranges: CorruptRange[] = [];
  let latest: number | undefined;
  let after: number | undefined;
  let before: number | undefined;
  return {
    ranges,
    get span() {
      return { after, before };
    },
    passed(time) {
      latest = time;
      if (ranges.length > 0) before ??= time;
    },
    add(range) {
      if (ranges.length === 0) after = latest;
      before = undefined;
      ranges.push(range);
    },
  };
}
