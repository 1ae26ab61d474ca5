import { badInput } from '../../errors.ts';
import { type Conversion, createConversion } from './conversion.ts';
import type { ExchangeRates } from './exchange-rates.ts';
import type { RateBook } from './rate-book.ts';

/** What the money of a request is turned into. */
export interface Conversions {
  /**
   * Undefined: money stays as it is stored, since no currency is asked for and there are no rates.
   *
   * @param asked in upper or lower case; undefined: the reporting currency, once there are rates
   * @throws UtmqlError BAD_USER_INPUT where that is no code
   */
  into(asked: string | null | undefined): Promise<Conversion | undefined>;
  /** Resolves when the look that has begun is over: those who wait for it go on first. It never rejects. */
  looked(): Promise<void>;
}

/** By book, and so gone with it: a conversion keeps what it has worked out. */
const conversionsOfBook = new WeakMap<RateBook, Map<string, Conversion>>();

/** More currencies than are asked for. */
const mostKept = 20;

/** Of one request: all its questions are answered by the same rates. */
export function createConversions(options: {
  rates: ExchangeRates;
  requester: { readonly workspace: string; readonly requestId: string };
  reportingCurrency: string;
}): Conversions {
  const { rates, requester, reportingCurrency } = options;
  let book: Promise<RateBook> | undefined;
  return {
    async into(asked) {
      const currency = asked?.trim().toUpperCase();
      if (currency !== undefined && !/^[A-Z]{3}$/.test(currency))
        throw badInput(`currency: ${JSON.stringify(asked)} is not a three-letter code such as USD.`);
      book ??= rates.bookOf(requester.workspace, requester.requestId);
      const found = await book;
      if (currency === undefined && found.isEmpty) return undefined;
      return conversionInto(currency ?? reportingCurrency, found);
    },
    async looked() {
      await book?.catch(() => undefined);
    },
  };
}

function conversionInto(currency: string, book: RateBook): Conversion {
  const ofBook = conversionsOfBook.get(book) ?? new Map<string, Conversion>();
  conversionsOfBook.set(book, ofBook);
  const conversion = ofBook.get(currency) ?? createConversion(currency, book);
  if (ofBook.size >= mostKept) ofBook.clear();
  ofBook.set(currency, conversion);
  return conversion;
}
