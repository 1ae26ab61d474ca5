import { camelCase, dimensionNames, isMeasure } from '../metrics/registry.ts';
import type { Report } from './report.ts';

const namePattern = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
const maxLength = 40;

/** What the types that models add fields to have besides dimensions and measures. */
const reserved: ReadonlySet<string> = new Set([
  'and',
  'breakdown',
  'breakdowns',
  'change',
  'currency',
  'isOther',
  'not',
  'or',
  'previous',
  'relativeChange',
]);

/** The names of a file's dimensions and measures, of which each can be taken once. */
export interface OwnNames {
  /** Whether a name can be taken; what is wrong with it is reported. */
  take(key: string, report: Report): boolean;
}

export function createOwnNames(): OwnNames {
  const taken = new Map<string, string>();
  return {
    take(key, report) {
      const field = camelCase(key);
      const other = taken.get(field);
      if (!namePattern.test(key) || key.length > maxLength)
        report([], `is no name; expected up to ${maxLength} of a–z, 0–9 and _, such as paid_channel`);
      else if (dimensionNames.some((name) => name === field)) report([], 'is a dimension that utmql has');
      else if (isMeasure(field)) report([], 'is a measure that utmql has');
      else if (reserved.has(field)) report([], 'means something else in the schema; choose another name');
      else if (other === key) report([], 'is a dimension and a measure; rename one');
      else if (other !== undefined)
        report([], `would be the field ${field} in the schema, as ${other} is; rename one`);
      else {
        taken.set(field, key);
        return true;
      }
      return false;
    },
  };
}
