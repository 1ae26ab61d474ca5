import { UtmqlError } from '../../../errors.ts';

/** A row that sums up several days would be taken for the first of them, and every figure by day would be wrong. */
export const severalDays = (parameter: string): UtmqlError =>
  new UtmqlError(
    'SOURCE_MALFORMED',
    `The source sums up several days in one row; ask it for one row a day with ${parameter}.`,
  );
