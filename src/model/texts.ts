import { normaliseName } from '../records/text.ts';
import type { Report } from './report.ts';

/** A text of the file, trimmed, with single spaces; undefined where it is none, which is reported. */
export function readText(written: unknown, report: Report, what: string): string | undefined {
  if (written === undefined || written === null) {
    report([], `is missing; ${what}`);
    return undefined;
  }
  if (typeof written !== 'string') {
    report([], 'expected a text; put it in quotes');
    return undefined;
  }
  const text = normaliseName(written);
  if (text === '') report([], `is empty; ${what}`);
  else if (text.length > maxLength) report([], `is longer than ${maxLength} characters`);
  else return text;
  return undefined;
}

const maxLength = 1_024;
