import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import { type ExchangeRateRecord, exchangeRateList } from '../explore/exchange-rates.ts';
import { resolveRange } from '../metrics/range.ts';
import { builder } from './builder.ts';
import { DateRangeInput, readRange } from './dates.ts';
import { daysDescription } from './explore-scope.ts';
import { loadListPage, pageArguments, pageType } from './pages.ts';

const ExchangeRate = builder.objectRef<ExchangeRateRecord>('ExchangeRate').implement({
  description: 'A stored exchange rate: what one unit of `base` was worth in `quote` on a day.',
  fields: (t) => ({
    date: t.field({ type: 'LocalDate', description: 'The day.', resolve: (row) => row.date }),
    base: t.exposeString('base', { description: 'ISO 4217 code of the currency that is converted.' }),
    quote: t.exposeString('quote', { description: 'ISO 4217 code of the currency that it is converted to.' }),
    rate: t.exposeFloat('rate', {
      description: 'How many units of `quote` one unit of `base` was worth. Stored with 18 decimals.',
    }),
    source: t.exposeString('source', {
      description: 'Where it came from: the name of a configured source, or `push`.',
    }),
  }),
});

const ExchangeRates = pageType('ExchangeRates', 'Stored exchange rates.', ExchangeRate);

builder.queryField('exchangeRates', (t) =>
  t.field({
    type: ExchangeRates,
    description:
      'Stored exchange rates, the latest day first, then by base and quote. Weekends and holidays have none.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    args: {
      dateRange: t.arg({
        type: DateRangeInput,
        required: true,
        description: daysDescription('Only rates of these days'),
      }),
      base: t.arg.string({ description: 'Only rates of this currency, such as EUR.' }),
      quote: t.arg.string({ description: 'Only rates in this currency, such as USD.' }),
      ...pageArguments,
    },
    resolve: (_root, args, { caller, today, explore }) => {
      const query = {
        workspace: caller.workspace,
        range: resolveRange(readRange(args.dateRange), today(), 'monday'),
        base: readCurrency('base', args.base),
        quote: readCurrency('quote', args.quote),
      };
      return loadListPage(['exchangeRates', query], args, explore.reader, exchangeRateList(query));
    },
  }),
);

function readCurrency(name: string, given: string | null | undefined): string | undefined {
  if (given === null || given === undefined) return undefined;
  const code = given.trim().toUpperCase();
  if (/^[A-Z]{3}$/.test(code)) return code;
  throw badInput(`${name} is ${JSON.stringify(given.slice(0, 40))}; expected a code such as USD.`);
}
