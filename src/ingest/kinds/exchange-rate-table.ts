import type { ExchangeRate } from '../../records/exchange-rate.ts';
import { recordTable } from '../storage/record-table.ts';

export const exchangeRateTable = recordTable<ExchangeRate, 'updatedAt'>()({
  name: 'exchange_rates',
  key: { date: 'Date', base: 'String', quote: 'String' },
  values: { rate: 'Decimal(38,18)' },
  aside: { extra: 'String' },
  others: ['workspace', 'source', 'version', 'is_deleted'],
});
