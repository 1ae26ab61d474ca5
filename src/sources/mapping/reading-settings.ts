import { z } from 'zod';
import { contractOf, contracts, type RecordKind } from '../../records/contract.ts';
import { figuresOf } from '../../records/contract-field.ts';
import { acceptedDateFormats, dateFormatsProblem } from '../../records/date-formats.ts';
import type { FieldRules } from '../../records/field-rules.ts';
import { type Notation, thousandsSigns } from '../../records/numerals.ts';
import { oneOf } from './setting-types.ts';

/** Units of figures other than the contract's, as powers of ten. */
const scales = { micros: -6, cents: -2, percent: -2, thousands: 3, millions: 6 } as const;

const isTimezone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};

const scale = oneOf(Object.keys(scales) as (keyof typeof scales)[]);

/** How values are written: keys of a source and of a mapping, and parameters of a push. */
export const readingKeys = {
  timezone: z
    .string('expected a time zone')
    .refine(isTimezone, 'expected an IANA time zone such as UTC or Europe/Berlin')
    .optional(),
  currency: z
    .string('expected a currency')
    .regex(/^[A-Z]{3}$/, 'expected a three-letter code such as USD')
    .optional(),
  date_format: z
    .preprocess(
      (value) => (typeof value === 'string' ? [value] : value),
      z
        .array(z.string(), `expected ${acceptedDateFormats}`)
        .min(1, `expected ${acceptedDateFormats}`)
        .refine((formats) => dateFormatsProblem(formats) === undefined, {
          error: ({ input }) => dateFormatsProblem(input as readonly string[]) ?? '',
        }),
    )
    .optional(),
  decimal: oneOf(['.', ',']).optional(),
  thousands: oneOf(thousandsSigns).optional(),
  scale: z
    .union(
      [scale, z.record(z.string(), scale)],
      `accepted: ${Object.keys(scales).join(', ')}, or figures and one of these`,
    )
    .optional(),
  missing: z.array(z.string('expected a text'), 'expected a list of words').optional(),
};

export type ReadingSettings = z.output<z.ZodObject<typeof readingKeys>>;

/** Returns the first conflict between settings that are valid one by one: its key and a sentence. */
export function readingProblem(
  { decimal, thousands, scale: written }: ReadingSettings,
  kind: RecordKind,
): { readonly path: readonly string[]; readonly text: string } | undefined {
  if (thousands !== undefined && thousands === decimal) {
    return { path: ['thousands'], text: 'is the same as decimal' };
  }
  if (decimal === undefined && thousands !== undefined && thousands !== '.' && thousands !== ',') {
    return { path: ['thousands'], text: 'needs decimal beside it' };
  }
  const figures: readonly string[] = figuresOf(contractOf(kind).fields);
  const wrong =
    typeof written === 'object' ? Object.keys(written).find((name) => !figures.includes(name)) : undefined;
  if (wrong !== undefined) {
    return { path: ['scale', wrong], text: `is no figure; accepted: ${figures.join(', ') || 'none'}` };
  }
  return undefined;
}

/** Returns `defaults` overridden by the settings. */
export function withReading<Rules extends FieldRules>(
  defaults: Rules,
  settings: ReadingSettings,
  kind: RecordKind,
): Rules {
  const { timezone, currency, date_format: dateFormats, missing } = settings;
  return {
    ...defaults,
    ...(timezone === undefined ? {} : { timezone }),
    ...(currency === undefined ? {} : { currency }),
    ...(dateFormats === undefined ? {} : { dateFormats }),
    ...(missing === undefined ? {} : { missing }),
    notation: notationOf(settings) ?? defaults.notation,
    scale: scaleOf(settings, kind) ?? defaults.scale,
  };
}

function notationOf({ decimal, thousands }: ReadingSettings): Notation | undefined {
  if (decimal === undefined && thousands === undefined) return undefined;
  return { decimal: decimal ?? (thousands === '.' ? ',' : '.'), thousands };
}

/** Returns the scale by figure. A single word applies to the kind's amount of money. */
function scaleOf({ scale: written }: ReadingSettings, kind: RecordKind): Record<string, number> | undefined {
  if (written === undefined) return undefined;
  const money = Object.entries(contracts[kind].fields).find(([, { format }]) => format === 'money')?.[0];
  const named = typeof written === 'object' ? written : money === undefined ? {} : { [money]: written };
  return Object.fromEntries(Object.entries(named).map(([name, word]) => [name, scales[word]]));
}
