import { formatDay } from '../records/day.ts';
import { redactEmailAddresses } from '../records/email-addresses.ts';
import type { Source } from '../sources/source.ts';
import type { Sample, Trial, TriedRecord } from './trial.ts';

/** So much is shown of one record. */
const maxLength = 2_000;

/**
 * What a trial found, for the person who connects the source: records before and after, what was rejected and why, and counts.
 *
 * @param hide takes secrets out of a text
 */
export function reportOf(source: Source, trial: Trial, hide: (text: string) => string): string {
  const { day, taken, rejected, counts, error, refusal } = trial;
  const show = (sample: Sample<unknown>, text: string): string => {
    const masked = redactEmailAddresses(
      sample.contact === undefined ? text : text.replaceAll(jsonText(sample.contact), '(contact)'),
    );
    const shown = hide(masked);
    return shown.length > maxLength ? `${shown.slice(0, maxLength)} … (${shown.length} characters)` : shown;
  };
  const came = (sample: Sample<unknown>): string =>
    show(
      sample,
      typeof sample.came === 'string' ? sample.came : (JSON.stringify(sample.came) ?? String(sample.came)),
    );
  const rejects = sum(counts.rejected);
  const isByDay = source.kind !== 'opportunity';
  return [
    `Source ${source.name} (${source.adapter.name}, ${source.kind}) of workspace ${source.workspace}, asked for ${formatDay(day)}`,
    ...taken.flatMap((sample) => [
      '',
      `record ${sample.position}`,
      `  came     ${came(sample)}`,
      `  becomes  ${show(sample, JSON.stringify(shownRecord(sample.result)))}`,
    ]),
    ...rejected.flatMap((sample) => [
      '',
      `record ${sample.position} is rejected: ${sample.result.reason}`,
      `  why      ${show(sample, sample.result.detail)}`,
      `  came     ${came(sample)}`,
    ]),
    '',
    `${counts.read} read: ${counts.taken} to be stored, ${rejects} rejected, ${counts.leftOut} left out${isByDay ? `, ${counts.otherDays} of other days` : ''}`,
    ...listed('rejected', counts.rejected),
    ...listed('repaired', counts.repairs),
    ...listed('unknown fields', counts.unknownFields),
    ...(error === undefined ? [] : [`It could not be read to its end: ${error.message}`]),
    ...(error === undefined && counts.read === 0 ? [nothingCame(source, formatDay(day))] : []),
    ...(refusal === undefined ? [] : [`A run would change nothing: ${hide(refusal.message)}`]),
    'Nothing was stored.',
    '',
  ].join('\n');
}

/** Whether something would be stored by a run that reads the same. */
export const wouldStoreRecords = ({ error, refusal, counts }: Trial): boolean =>
  error === undefined && refusal === undefined && counts.taken > 0;

const jsonText = (text: string): string => JSON.stringify(text).slice(1, -1);

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

const listed = (what: string, counts: Readonly<Record<string, number>>): string[] => {
  const entries = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return entries.length === 0 ? [] : [`${what}: ${entries.join(', ')}`];
};

const nothingCame = ({ kind }: Source, day: string): string =>
  kind !== 'opportunity'
    ? `It has no records of ${day}; --day tries another one.`
    : `Nothing was changed in it on ${day}; --day tries another one.`;

/** A record as it would be stored, without what is empty. */
function shownRecord({ day, ...record }: TriedRecord): Record<string, unknown> {
  const entries = Object.entries({ date: formatDay(day), ...record }).flatMap(
    ([name, value]): [string, unknown][] => {
      if (value === undefined || value === '' || value === false) return [];
      // 1970 stands for a record that does not say when it was closed.
      if ((name === 'closedAt' || name === 'closedDay') && value === 0) return [];
      if (name === 'closedDay') return [[name, formatDay(Number(value))]];
      if (name === 'createdAt' || name === 'closedAt' || name === 'updatedAt')
        return [[name, new Date(Number(value)).toISOString()]];
      if (name === 'contactHash') return [[name, `${String(value).slice(0, 8)}…`]];
      return [[name, name === 'extra' ? (JSON.parse(String(value)) as unknown) : value]];
    },
  );
  return Object.fromEntries(entries);
}
