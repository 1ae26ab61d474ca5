import { type FieldRules, maxFigureLength, type RawFields } from './field-rules.ts';
import { createMissingTest } from './missing-values.ts';
import {
  createNumeralReader,
  type DecimalText,
  isUnitOfCurrency,
  type Numeral,
  notationsOf,
  roundDecimal,
  shiftDecimal,
} from './numerals.ts';
import { displayValue, RejectError, type Repairs } from './outcome.ts';

/** Reads numbers and amounts of raw records. Each method throws RejectError. */
export interface FigureFields<Name extends string> {
  /** Returns the three-letter code of the record, or the currency of the rules if the record has none. */
  currency(raw: RawFields): string;
  /** Returns a whole, non-negative number. */
  count(raw: RawFields, field: Name, repairs: Repairs): number;
  /** Returns an amount of money with up to six decimals. */
  money(raw: RawFields, field: Name, repairs: Repairs): number;
  /** The same, and 0 if the field is missing, which is no repair. */
  optionalMoney(raw: RawFields, field: Name, repairs: Repairs): number;
  /** Returns a number with up to six decimals, further ones rounded; 0 if the field is missing. Neither is a repair. */
  optionalQuantity(raw: RawFields, field: Name, repairs: Repairs): number;
  /** Returns the three-letter code in a field that every record must have. */
  currencyCode(raw: RawFields, field: Name): string;
  /** Returns a number above 0 and up to 10^18, with up to 18 decimals, in a field that every record must have. */
  rate(raw: RawFields, field: Name, repairs: Repairs): DecimalText;
}

const rateDecimals = 18;
const maxRate = 1e18;

export function createFigureFields<Name extends string>(rules: FieldRules): FigureFields<Name> {
  const isMissing = createMissingTest(rules.missing);
  const readNumeral = createNumeralReader(rules.notation);

  const codeOf = (value: unknown, field: string): string => {
    const text = typeof value === 'string' ? value.trim().toUpperCase() : '';
    if (/^[A-Z]{3}$/.test(text)) return text;
    throw new RejectError(
      'invalid_currency',
      field,
      `${field} is ${displayValue(value)}; expected a code such as USD.`,
    );
  };
  const currency = (raw: RawFields): string =>
    isMissing(raw.currency) ? rules.currency : codeOf(raw.currency, 'currency');

  /** Rejects a record without a value. A word for nothing is shown. */
  const expectValue = (value: unknown, field: string): void => {
    if (!isMissing(value)) return;
    const isWord = typeof value === 'string' && value.trim() !== '';
    throw new RejectError(
      'missing_field',
      field,
      isWord ? `${field} is ${displayValue(value)}, which means no value.` : `${field} is missing.`,
    );
  };

  const noNumber = (field: string, value: unknown): RejectError => {
    const { notation } = rules;
    const isReadable = typeof value === 'string' && value.length <= maxFigureLength;
    const [decimal] = notation === undefined && isReadable ? notationsOf(value) : [];
    const expected =
      decimal !== undefined
        ? `decimal: "${decimal}" would read it`
        : notation === undefined
          ? 'expected a number'
          : `expected a number with decimal: "${notation.decimal}"`;
    return new RejectError('invalid_number', field, `${field} is ${displayValue(value)}; ${expected}.`);
  };

  const numeralOf = (text: string, field: string): Exclude<Numeral, 'ambiguous' | undefined> => {
    if (text.length > maxFigureLength) throw noNumber(field, text);
    const numeral = readNumeral(text);
    if (numeral === undefined) throw noNumber(field, text);
    if (numeral !== 'ambiguous') return numeral;
    throw new RejectError(
      'ambiguous_number',
      field,
      `${field} is ${displayValue(text)}, which is one number with a decimal point and another with a decimal comma; say which with decimal: "." or decimal: ",".`,
    );
  };

  /** Rejects an amount whose currency sign contradicts the record's currency. */
  const checkUnit = (raw: RawFields, field: string, unit: string): void => {
    const isMoney = field === 'cost' || field === 'amount' || field === 'conversion_value';
    const fits =
      unit === '%' ? rules.scale?.[field] !== undefined : isMoney && isUnitOfCurrency(unit, currency(raw));
    if (fits) return;
    if (!isMoney || unit === '%') throw noNumber(field, raw[field]);
    throw new RejectError(
      'invalid_currency',
      field,
      `${field} is ${displayValue(raw[field])}, but the record's currency is ${currency(raw)}.`,
    );
  };

  const numberIn = (raw: RawFields, field: string): number => {
    const value = raw[field];
    const power = rules.scale?.[field] ?? 0;
    if (typeof value === 'number') return power === 0 ? value : Number(shiftDecimal(String(value), power));
    if (typeof value !== 'string') return Number.NaN;
    const { digits, unit } = numeralOf(value, field);
    if (unit !== '') checkUnit(raw, field, unit);
    return Number(power === 0 ? digits : shiftDecimal(digits, power));
  };

  const figure = (raw: RawFields, field: string, repairs: Repairs): number => {
    if (isMissing(raw[field])) {
      repairs.note('missing_figure');
      return 0;
    }
    const number = numberIn(raw, field);
    if (!Number.isFinite(number)) throw noNumber(field, raw[field]);
    if (number >= 0) return number;
    // Float noise around zero counts as zero, not as a repair.
    if (number <= -5e-7) repairs.note('negative_to_zero');
    return 0;
  };

  const decimal = (raw: RawFields, field: Name, repairs: Repairs): { value: number; isRounded: boolean } => {
    const value = figure(raw, field, repairs);
    if (value >= 1e12) {
      throw new RejectError(
        'number_out_of_range',
        field,
        `${field} is ${displayValue(raw[field])}; amounts go up to 10^12.`,
      );
    }
    if (Number.isInteger(value)) return { value, isRounded: false };
    // From 2^32 on, the multiplication would lose the last decimals.
    const rounded = value < 2 ** 32 ? Math.round(value * 1e6) / 1e6 : Number(value.toFixed(6));
    // Float noise (0.1 + 0.2) is not a repair; a real seventh decimal is.
    return { value: rounded, isRounded: Math.abs(rounded - value) > 5e-9 };
  };

  const money = (raw: RawFields, field: Name, repairs: Repairs): number => {
    const { value, isRounded } = decimal(raw, field, repairs);
    if (isRounded) repairs.note('rounded_money');
    return value;
  };

  return {
    currency,
    count(raw, field, repairs) {
      const value = figure(raw, field, repairs);
      if (!Number.isInteger(value)) {
        throw new RejectError(
          'invalid_number',
          field,
          `${field} is ${displayValue(raw[field])}; expected a whole number.`,
        );
      }
      if (value > Number.MAX_SAFE_INTEGER) {
        throw new RejectError(
          'number_out_of_range',
          field,
          `${field} is ${displayValue(raw[field])}; at most 2^53-1 can be counted.`,
        );
      }
      return value;
    },
    money,
    optionalMoney: (raw, field, repairs) => (isMissing(raw[field]) ? 0 : money(raw, field, repairs)),
    optionalQuantity: (raw, field, repairs) =>
      isMissing(raw[field]) ? 0 : decimal(raw, field, repairs).value,
    currencyCode(raw, field) {
      expectValue(raw[field], field);
      return codeOf(raw[field], field);
    },
    rate(raw, field, repairs) {
      const value = raw[field];
      expectValue(value, field);
      if (typeof value !== 'number' && typeof value !== 'string') throw noNumber(field, value);
      const { digits, unit } =
        typeof value === 'number' ? { digits: String(value), unit: '' } : numeralOf(value, field);
      if (unit !== '') {
        throw new RejectError(
          'invalid_number',
          field,
          `${field} is ${displayValue(value)}; expected a number without a sign of a currency or percent.`,
        );
      }
      // Before it is rounded: an exponent can name more digits than there is memory.
      const number = Number(digits);
      if (Number.isNaN(number)) throw noNumber(field, value);
      if (number > maxRate) {
        throw new RejectError(
          'number_out_of_range',
          field,
          `${field} is ${displayValue(value)}; rates go up to 10^18.`,
        );
      }
      const rounded = number > 0 ? roundDecimal(digits, rateDecimals) : undefined;
      if (rounded === undefined || rounded.text === '0') {
        throw new RejectError(
          'invalid_rate',
          field,
          `${field} is ${displayValue(value)}; a rate is above 0, and has at most ${rateDecimals} decimals.`,
        );
      }
      if (rounded.isRounded) repairs.note('rounded_rate');
      return rounded.text;
    },
  };
}
