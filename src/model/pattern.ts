import { RE2JS } from 're2js';
import type { Report } from './report.ts';

const maxLength = 1_000;

/** A regular expression as ClickHouse takes it. */
export interface Pattern {
  readonly source: string;
  /** Numbers by name. */
  readonly groups: ReadonlyMap<string, number>;
}

/** Undefined where it is none, which is reported. */
export function readPattern(written: unknown, report: Report): Pattern | undefined {
  if (typeof written !== 'string' || written === '') {
    report([], "expected a regular expression in quotes, such as '^(?<region>[a-z]{2})_'");
    return undefined;
  }
  if (written.length > maxLength) {
    report([], `is longer than ${maxLength} characters`);
    return undefined;
  }
  try {
    const compiled = RE2JS.compile(written);
    return { source: written, groups: new Map(Object.entries(compiled.namedGroups())) };
  } catch (error) {
    const lookaround = /\(\?<?[=!]/.test(written) ? '; RE2 has no look-around' : '';
    report([], `is no regular expression of RE2 (${reasonOf(error)})${lookaround}`);
    return undefined;
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
