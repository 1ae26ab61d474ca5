/** How a source writes numbers. */
export interface Notation {
  readonly decimal: '.' | ',';
  /** The separator of groups of digits; `none` for no separator. Without it, any usual separator except `decimal` is accepted. */
  readonly thousands?: Thousands | undefined;
}

export const thousandsSigns = ['.', ',', ' ', "'", 'none'] as const;
type Thousands = (typeof thousandsSigns)[number];

/** A parsed number. */
export type Numeral =
  | {
      /** The number in JSON notation: `-2662.38`. */
      readonly digits: string;
      /** A currency sign, a currency code or `%`; empty if there is none. */
      readonly unit: string;
    }
  | 'ambiguous'
  | undefined;

const plain = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** A point that could also be a thousands separator. */
const ambiguous = /^[+-]?[1-9]\d{0,2}\.\d{3}$/;

const unit = String.raw`(?:[A-Za-z]{0,3}\p{Sc}|[A-Z]{3}|[Kk]r\.?|zł|Fr\.|%)`;
const decoratedNumber = new RegExp(
  String.raw`^(\(?)([+-]?)\s*(${unit})?\s*([+-]?)\s*([\d.,'’\s]*\d[\d.,]*(?:e[+-]?\d+)?)\s*(${unit})?\s*(-?)(\)?)$`,
  'iu',
);

/**
 * Returns a parser for numbers in one notation. Without a notation it accepts only the form `1234.56` and rejects grouped digits.
 * It returns `ambiguous` for texts that are one number with a decimal point and another with a decimal comma (`2.662`, `1,234`).
 */
export function createNumeralReader(notation: Notation | undefined): (text: string) => Numeral {
  const read = notation === undefined ? readWithoutNotation : createNotationReader(notation);
  return (text) => {
    const trimmed = text.trim();
    // Most numbers are plain, and the general case is slow.
    if (notation === undefined && plain.test(trimmed)) {
      return ambiguous.test(trimmed) ? 'ambiguous' : { digits: trimmed, unit: '' };
    }
    const parts = stripDecoration(trimmed);
    if (parts === undefined) return undefined;
    const digits = read(parts.digits);
    if (digits === undefined || digits === 'ambiguous') return digits;
    return { digits: parts.isNegative ? `-${digits}` : digits, unit: parts.unit };
  };
}

/** Removes the sign, the currency and the brackets that mark a negative number in bookkeeping. */
function stripDecoration(
  text: string,
): { readonly digits: string; readonly isNegative: boolean; readonly unit: string } | undefined {
  const match = decoratedNumber.exec(text.replaceAll('−', '-'));
  if (match === null) return undefined;
  const [, open, sign, before = '', inner, digits = '', after = '', trailing, close] = match;
  const signs = [sign, inner, trailing].filter((found) => found !== '');
  const isBracketed = open !== '' && close !== '';
  const isWhole = (open === '') === (close === '') && signs.length + (isBracketed ? 1 : 0) <= 1;
  if (!isWhole || (before !== '' && after !== '')) return undefined;
  return { digits, isNegative: isBracketed || signs[0] === '-', unit: before || after };
}

const readWithPoint = createNotationReader({ decimal: '.' });
const readWithComma = createNotationReader({ decimal: ',' });

/** Parses digits of unknown notation. */
function readWithoutNotation(digits: string): string | 'ambiguous' | undefined {
  const [point, comma] = [readWithPoint(digits), readWithComma(digits)];
  if (point !== undefined && comma !== undefined && Number(point) !== Number(comma)) return 'ambiguous';
  return plain.test(digits) ? digits : undefined;
}

function createNotationReader({ decimal, thousands }: Notation): (digits: string) => string | undefined {
  const other = decimal === '.' ? ',' : String.raw`\.`;
  const usual = `${other}'’\\s`;
  const signs: Readonly<Record<Thousands, string>> = {
    '.': String.raw`\.`,
    ',': ',',
    ' ': String.raw`\s`,
    "'": "'’",
    none: '',
  };
  const sign = thousands === undefined ? usual : signs[thousands];
  // The last group has three digits; in Indian notation the groups before it have two.
  const grouped = sign === '' ? '' : String.raw`[1-9]\d{0,2}(?<sign>[${sign}])(?:\d{2,3}\k<sign>)*\d{3}|`;
  const point = decimal === '.' ? String.raw`\.` : ',';
  const expression = new RegExp(
    `^(?<whole>${grouped}\\d+|(?=${point}\\d))(?:${point}(?<rest>\\d*))?(?<exponent>e[+-]?\\d+)?$`,
    'i',
  );
  return (digits) => {
    const { whole, rest, exponent = '' } = expression.exec(digits)?.groups ?? {};
    if (whole === undefined) return undefined;
    return `${whole.replace(/\D/g, '') || '0'}${rest === undefined || rest === '' ? '' : `.${rest}`}${exponent}`;
  };
}

/** Returns the decimal signs with which a text is a number, for a message. */
export const notationsOf = (text: string): readonly Notation['decimal'][] => {
  const digits = stripDecoration(text.trim())?.digits ?? '';
  return [
    ...(readWithPoint(digits) === undefined ? [] : ['.' as const]),
    ...(readWithComma(digits) === undefined ? [] : [',' as const]),
  ];
};

/** Returns `digits` × 10^`power` without losing a digit. */
export function shiftDecimal(digits: string, power: number): string {
  const match = /^(-?)\+?(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(digits);
  if (match === null) return digits;
  const [, sign = '', whole = '', rest = '', exponent = '0'] = match;
  return `${sign}${whole || '0'}${rest === '' ? '' : `.${rest}`}e${Number(exponent) + power}`;
}

/** A number in decimal notation, such as `0.0125`. */
export type DecimalText = `${number}`;

/** Rounds digits with an optional exponent, half away from zero. The text has no exponent and no trailing zeros. */
export function roundDecimal(
  digits: string,
  decimals: number,
): { readonly text: DecimalText; readonly isRounded: boolean } | undefined {
  const match = /^(-?)\+?(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(digits);
  if (match === null) return undefined;
  const [, sign = '', whole = '', rest = '', exponent = '0'] = match;
  const power = Number(exponent) - rest.length + decimals;
  const mantissa = BigInt(`${whole}${rest}`);
  const factor = 10n ** BigInt(Math.abs(power));
  const units = power >= 0 ? mantissa * factor : (2n * mantissa + factor) / (2n * factor);
  const padded = String(units).padStart(decimals + 1, '0');
  const end = padded.slice(-decimals).replace(/0+$/, '');
  const text = `${padded.slice(0, -decimals)}${end === '' ? '' : `.${end}`}`;
  return {
    text: `${units === 0n ? '' : sign}${text}` as DecimalText,
    isRounded: power < 0 && units * factor !== mantissa,
  };
}

/** The currencies that a sign can mean. A code means itself. A sign that is not listed means no currency. */
const currenciesOfSign: Readonly<Record<string, readonly string[]>> = {
  '€': ['EUR'],
  '£': ['GBP', 'EGP', 'LBP'],
  '¥': ['JPY', 'CNY'],
  '₹': ['INR'],
  '₽': ['RUB'],
  '₺': ['TRY'],
  '₩': ['KRW'],
  '₪': ['ILS'],
  '₫': ['VND'],
  '₴': ['UAH'],
  '₱': ['PHP'],
  '฿': ['THB'],
  '₦': ['NGN'],
  r$: ['BRL'],
  kr: ['SEK', 'NOK', 'DKK', 'ISK'],
  zł: ['PLN'],
  'fr.': ['CHF'],
};
const dollars = ['USD', 'CAD', 'AUD', 'NZD', 'SGD', 'HKD', 'TWD', 'MXN', 'ARS', 'CLP', 'COP', 'UYU', 'BRL'];

/** Whether an amount with this sign or code can be in `currency`. */
export function isUnitOfCurrency(unit: string, currency: string): boolean {
  const sign = unit.toLowerCase();
  if (/^[a-z]{3}$/.test(sign)) return sign.toUpperCase() === currency;
  const known = currenciesOfSign[sign] ?? currenciesOfSign[sign.replace(/\.$/, '')];
  if (known !== undefined) return known.includes(currency);
  const country = /^([a-z]{0,3})\$$/.exec(sign)?.[1];
  return country !== undefined && dollars.includes(currency) && currency.toLowerCase().startsWith(country);
}
