import { type Advice, type AdvisedSet, mostShareOfRows } from './advice.ts';

const format = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const number = (value: number): string => format.format(value);

/**
 * Writes an advice for people, with the YAML to paste.
 *
 * @param at.days that were looked at
 * @param at.file the value of ROLLUPS_FILE
 */
export function reportOf(advice: Advice, at: { days: number; file: string | undefined }): string {
  const { questions, fromRollups, rowsRead, firstAt, sets, byBreakdown, tooLittle, tooLarge, unused } =
    advice;
  if (firstAt === undefined)
    return `ClickHouse's log has no question to \`metrics\` of the last ${number(at.days)} days. Run this again when dashboards have asked some: they are in the log a few seconds later, unless the user's profile switches log_queries off.`;
  const percentOfRollups = percent(fromRollups / questions);
  const summary = [
    `In the last ${number(at.days)} days, ClickHouse answered ${counted(questions, 'question')} to \`metrics\`, the first at ${firstAt.slice(0, 16).replace('T', ' ')} UTC.`,
    `It read ${number(rowsRead)} rows for them. ${percentOfRollups} were answered from rollups.`,
  ];
  const remarks = [
    tooLarge.length > 0 &&
      `Do not pay, with more than ${percent(mostShareOfRows)} of the tables' rows: ${tooLarge.map(describeLarge).join('; ')}.`,
    tooLittle.questions > 0 &&
      `Too little to save: ${counted(tooLittle.questions, 'question')} by ${counted(tooLittle.combinations, 'other combination')} of dimensions.`,
    byBreakdown > 0 && `By breakdowns, which no set can have: ${counted(byBreakdown, 'question')}.`,
    unused.length > 0 && `Unused: ${unused.join(', ')}.`,
  ].filter((remark) => remark !== false);
  const blocks =
    sets.length === 0
      ? [summary, ['No other set would save much.'], remarks]
      : [summary, ['Worth adding:'], [table(sets)], remarks, ...pasteable(sets, at.file)];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
}

function table(sets: readonly AdvisedSet[]): string {
  const head = [
    'set',
    'dimensions',
    'questions',
    'median now',
    'saves',
    'rows a day',
    'size a day',
    'of all rows',
  ];
  const rows = sets.map((set) => [
    set.name,
    set.dimensions.join(', '),
    number(set.questions),
    `${number(set.medianMs)} ms`,
    percent(set.saving),
    number(set.rowsPerDay),
    size(set.bytesPerDay),
    percent(set.shareOfRows),
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  // Texts begin below each other, figures end there.
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) =>
          column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}

function pasteable(sets: readonly AdvisedSet[], file: string | undefined): string[][] {
  const entries = sets.flatMap(({ name, dimensions, lead }) => [
    `  - name: ${name}`,
    `    dimensions: [${dimensions.join(', ')}]`,
    ...(lead === undefined ? [] : [`    lead: ${lead}`]),
  ]);
  return file === undefined
    ? [
        ['Write this to a file, name it in ROLLUPS_FILE, and restart all processes:'],
        ['rollups:', ...entries],
      ]
    : [[`Add this to the list in ${file}, and restart all processes:`], entries];
}

const describeLarge = ({ dimensions, questions, shareOfRows }: Advice['tooLarge'][number]): string =>
  `${dimensions.join(', ')} (${counted(questions, 'question')}, ${percent(shareOfRows)})`;

const counted = (count: number, what: string): string => `${number(count)} ${what}${count === 1 ? '' : 's'}`;

function percent(share: number): string {
  const value = share * 100;
  return value > 0 && value < 10 ? `${value.toFixed(1)} %` : `${value.toFixed(0)} %`;
}

function size(bytes: number): string {
  if (bytes < 1_000_000) return `${number(Math.ceil(bytes / 1_000))} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
