import type { AdPerformance } from '../../records/ad-performance.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { Event } from '../../records/event.ts';
import type { ExchangeRate } from '../../records/exchange-rate.ts';
import type { Opportunity } from '../../records/opportunity.ts';
import type { DuplicateRule } from '../../sources/mapping/feed-rules.ts';
import type { SourceKind } from '../../sources/mapping/source-kind.ts';
import { adPerformanceKind } from './ad-performance.ts';
import { eventKind } from './event.ts';
import { exchangeRateKind } from './exchange-rate.ts';
import { type Kind, type KindWriter, type KindWriterOptions, type PulledKind, withAdd } from './kind.ts';
import { opportunityKind } from './opportunity.ts';

/** The record of each kind. */
export interface Records {
  readonly ad_performance: AdPerformance;
  readonly opportunity: Opportunity;
  readonly event: Event;
  readonly exchange_rate: ExchangeRate;
}

/** A record that says of which kind it is. */
export type KindRecord = {
  readonly [Name in RecordKind]: { readonly kind: Name; readonly record: Records[Name] };
}[RecordKind];

/** The kinds that sources have. */
export const pulledKinds: { readonly [Name in SourceKind]: PulledKind<Records[Name]> } = {
  ad_performance: adPerformanceKind,
  opportunity: opportunityKind,
  exchange_rate: exchangeRateKind,
};

/** Every kind of record, by its name in the contract. */
export const kinds: { readonly [Name in RecordKind]: Kind<Records[Name]> } = {
  ...pulledKinds,
  event: eventKind,
};

/** Whether a record is of a kind: its kind then says what it is. */
export const isOfKind = <Name extends RecordKind>(
  entry: KindRecord,
  kind: Name,
): entry is KindRecord & { readonly kind: Name; readonly record: Records[Name] } => entry.kind === kind;

/** Whether what becomes of a record is known only when all records of its push have come. */
export const needsAllRows = (
  kind: RecordKind,
  duplicates: DuplicateRule | undefined,
): duplicates is 'sum' | 'fail' =>
  kinds[kind].folding !== undefined && (duplicates === 'sum' || duplicates === 'fail');

/** What the record is known by among those of its kind. */
export const keyOf = (entry: KindRecord): string => of(entry, (kind, record) => kind.keyOf(record));

/** Fields of the contract that the record holds under another name or in another form. */
export const rawFieldsOf = (entry: KindRecord): Readonly<Record<string, unknown>> =>
  of(entry, (kind, record) => kind.rawFieldsOf(record));

/** The record without its word on when it was last changed. */
export const withoutOwnTime = (entry: KindRecord): KindRecord =>
  of(entry, (kind, record) => ({ ...entry, record: kind.withoutOwnTime(record) }) as KindRecord);

/** The kind of a record, together with the record. */
const of = <Result>(
  entry: KindRecord,
  work: <Name extends RecordKind>(kind: Kind<Records[Name]>, record: Records[Name]) => Result,
): Result => withKind(entry.kind, entry.record, work);

const withKind = <Name extends RecordKind, Result>(
  name: Name,
  record: Records[Name],
  work: (kind: Kind<Records[Name]>, record: Records[Name]) => Result,
): Result => work(kinds[name], record);

/** The writer for records of a kind; records of other kinds are not its business. */
export function createKindWriter<Name extends RecordKind>(
  kind: Name,
  options: KindWriterOptions,
): KindWriter<KindRecord> {
  const writer = kinds[kind].createWriter(options);
  return withAdd(writer, (entry, version) => {
    if (isOfKind(entry, kind)) writer.add(entry.record, version);
  });
}
