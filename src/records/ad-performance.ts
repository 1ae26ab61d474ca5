import { type Breakdowns, readBreakdowns } from './breakdowns.ts';
import type { FieldName } from './contract.ts';
import type { Day } from './day.ts';
import { FieldReader, type FieldRules } from './fields.ts';
import { normalise, type Outcome, RejectError, type Repairs, show } from './outcome.ts';
import { checkSchemaVersion } from './schema-version.ts';
import { UnknownFields } from './unknown-fields.ts';

/** One row a day, channel, campaign and UTM set. Its key is every field but the figures. */
export interface AdPerformance {
  readonly day: Day;
  /** Normalised; `unknown` where the feed has none. */
  readonly channel: string;
  readonly campaignId: string;
  /** Empty where the feed is not that fine. */
  readonly adGroupId: string;
  readonly adId: string;
  readonly utmCampaign: string;
  readonly utmSource: string;
  readonly utmMedium: string;
  readonly utmContent: string;
  readonly utmTerm: string;
  /** Dimensions of the feed's own, part of the key. */
  readonly breakdowns: Breakdowns | undefined;
  /** ISO 4217. */
  readonly currency: string;
  readonly clicks: number;
  readonly impressions: number;
  /** Spend in `currency`, to six decimals. */
  readonly cost: number;
  /** When the source last changed the row (epoch milliseconds), where it says so. */
  readonly updatedAt: number | undefined;
  /** Fields that the contract does not name, as JSON text; empty where there are none. */
  readonly extra: string;
}

/** Makes the normaliser for one source's ads rows: raw JSON in, a record or the reason against it out. */
export function createAdPerformanceNormaliser(rules: FieldRules) {
  const read = new FieldReader<FieldName<'ad_performance'>>(rules);
  const unknownFields = new UnknownFields('ad_performance');
  return (raw: unknown, repairs: Repairs): Outcome<AdPerformance> =>
    normalise(raw, repairs, (fields) => {
      checkSchemaVersion(fields);
      return {
        day: read.day(fields, 'date'),
        campaignId: checkTotals(read.identifier(fields, 'campaign_id')),
        channel: read.label(fields, 'channel', repairs),
        adGroupId: read.optionalIdentifier(fields, 'ad_group_id'),
        adId: read.optionalIdentifier(fields, 'ad_id'),
        utmCampaign: read.label(fields, 'utm_campaign', repairs),
        utmSource: read.label(fields, 'utm_source', repairs),
        utmMedium: read.label(fields, 'utm_medium', repairs),
        utmContent: read.label(fields, 'utm_content', repairs),
        utmTerm: read.label(fields, 'utm_term', repairs),
        breakdowns: readBreakdowns(fields.breakdowns, read, repairs),
        currency: read.currency(fields),
        clicks: read.count(fields, 'clicks', repairs),
        impressions: read.count(fields, 'impressions', repairs),
        cost: read.money(fields, 'cost', repairs),
        updatedAt: read.optionalInstant(fields, 'updated_at'),
        extra: unknownFields.read(fields, repairs),
      };
    });
}

/** `Total`, `Total: Account`, `Grand total`, `Gesamt`: how reports call the row that sums up the others. */
const totals = /^(?:(?:grand |sub)?totals?(?:\s*[:–-].*)?|gesamt(?:summe|ergebnis)?|summe)$/i;

function checkTotals(campaignId: string): string {
  if (!totals.test(campaignId)) return campaignId;
  throw new RejectError(
    'totals_row',
    'campaign_id',
    `campaign_id is ${show(campaignId)}, as in a row that sums up the others; leave such rows out with where, or rename the campaign with map.`,
  );
}
