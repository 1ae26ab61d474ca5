import { type Breakdowns, breakdownLimits, parseBreakdowns } from './breakdowns.ts';
import {
  type Contract,
  currency,
  type FigureName,
  figureParameters,
  figuresOf,
  schemaVersion,
  updatedAt,
  utm,
} from './contract-field.ts';
import type { Day } from './day.ts';
import { type ExtraMeasures, mostExtraMeasures, parseExtraMeasures } from './extra-measures.ts';
import type { FieldRules } from './field-rules.ts';
import { createFieldReader } from './fields.ts';
import { valueNameText } from './named-values.ts';
import { displayValue, normalise, type Outcome, RejectError, type Repairs } from './outcome.ts';
import { checkSchemaVersion } from './schema-version.ts';
import { UnknownFields } from './unknown-fields.ts';

export const adPerformanceContract = {
  title: 'AdPerformance',
  meaning: 'Ad performance: one row for each day, channel, campaign and UTM set.',
  description:
    'Ad performance: one row for each day, channel, campaign and UTM set. The key is every field except clicks, impressions, cost, conversions, conversion_value and extra_measures. A row with the same key replaces the earlier row.',
  envelope: ['external', 'ads', 'performance'],
  fields: {
    ...schemaVersion,
    date: {
      format: 'day',
      required: true,
      description: 'The day. A date-time counts on its day in the reporting time zone.',
    },
    campaign_id: {
      format: 'identifier',
      required: true,
      description: 'Campaign id of the ad platform.',
    },
    channel: { format: 'label', description: 'Ad platform or channel, such as google_ads.' },
    ad_group_id: { format: 'identifier', description: 'Ad group id, if the feed has ad groups.' },
    ad_id: { format: 'identifier', description: 'Ad id, if the feed has ads.' },
    clicks: { format: 'count', description: 'Clicks on ads.' },
    impressions: { format: 'count', description: 'Times that ads were shown.' },
    cost: { format: 'money', description: 'Ad spend in units of the currency, with up to six decimals.' },
    conversions: {
      format: 'quantity',
      description:
        'Conversions as the ad platform attributes them, with up to six decimals: they can be fractions. Default: 0.',
    },
    conversion_value: {
      format: 'money',
      description:
        'Value of these conversions in units of the currency, with up to six decimals. Default: 0.',
    },
    currency,
    ...utm,
    breakdowns: {
      format: 'breakdowns',
      description: `Custom dimensions, such as country or device, as an object of names and values or its JSON text. At most ${breakdownLimits.names}. A name is ${valueNameText}. A value has up to ${breakdownLimits.valueLength} characters. Breakdowns are part of the key.`,
    },
    extra_measures: {
      format: 'measures',
      description: `Further numbers, such as video_views, as an object of names and numbers or its JSON text, with up to six decimals. At most ${mostExtraMeasures}. A name is ${valueNameText}.`,
    },
    updated_at: updatedAt,
  },
  push: {
    path: '/ingest/ad-performance',
    description: 'Stores ads rows. Adds new records and replaces those with the same key. Deletes nothing.',
    parameters: [...figureParameters, 'channel', 'duplicates'],
  },
  examples: [
    {
      date: '2025-08-01',
      campaign_id: 'C-1001',
      channel: 'google_ads',
      clicks: 1200,
      impressions: 45000,
      cost: 350.75,
      conversions: 31.5,
      conversion_value: 4725.0,
      utm_campaign: 'back_to_school',
      utm_source: 'google',
      utm_medium: 'cpc',
    },
  ],
} as const satisfies Contract;

/** A field name as received. */
export type AdField = keyof typeof adPerformanceContract.fields;

/** A field that is summed where rows have one key, and in which such rows differ. */
export type AdFigure = FigureName<typeof adPerformanceContract.fields>;
export const adFigures = figuresOf(adPerformanceContract.fields);
export const isCount = (figure: AdFigure): boolean => adPerformanceContract.fields[figure].format === 'count';

/** One row for each day, channel, campaign and UTM set. The key is every field except the figures. */
export interface AdPerformance {
  readonly day: Day;
  /** Normalised; `unknown` if the feed has none. */
  readonly channel: string;
  readonly campaignId: string;
  /** Empty if the feed has no ad groups. */
  readonly adGroupId: string;
  readonly adId: string;
  readonly utmCampaign: string;
  readonly utmSource: string;
  readonly utmMedium: string;
  readonly utmContent: string;
  readonly utmTerm: string;
  /** Custom dimensions of the feed; part of the key. */
  readonly breakdowns: Breakdowns | undefined;
  /** ISO 4217. */
  readonly currency: string;
  readonly clicks: number;
  readonly impressions: number;
  /** Spend in `currency`, with up to six decimals. */
  readonly cost: number;
  /** As the platform attributes them, with up to six decimals. */
  readonly conversions: number;
  /** In `currency`, with up to six decimals. */
  readonly conversionValue: number;
  /** Further numbers, by name. */
  readonly extraMeasures: ExtraMeasures | undefined;
  /** When the source last changed the row, in epoch milliseconds, if the source says so. */
  readonly updatedAt: number | undefined;
  /** The fields that the contract does not name, as JSON text; empty if there are none. */
  readonly extra: string;
}

/** Returns the normaliser for the ads rows of one source. It turns raw JSON into a record or the reason for a rejection. */
export function createAdPerformanceNormaliser(rules: FieldRules) {
  const read = createFieldReader<AdField | `extra_measures.${string}`>(rules);
  const unknownFields = new UnknownFields(adPerformanceContract);
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
        breakdowns: parseBreakdowns(fields.breakdowns, read, repairs),
        currency: read.currency(fields),
        clicks: read.count(fields, 'clicks', repairs),
        impressions: read.count(fields, 'impressions', repairs),
        cost: read.money(fields, 'cost', repairs),
        conversions: read.optionalQuantity(fields, 'conversions', repairs),
        conversionValue: read.optionalMoney(fields, 'conversion_value', repairs),
        extraMeasures: parseExtraMeasures(fields.extra_measures, read, repairs),
        updatedAt: read.optionalInstant(fields, 'updated_at'),
        extra: unknownFields.read(fields, repairs),
      };
    });
}

/** Names that reports give to the row of totals: `Total`, `Total: Account`, `Grand total`, `Gesamt`. */
const totals = /^(?:(?:grand |sub)?totals?(?:\s*[:–-].*)?|gesamt(?:summe|ergebnis)?|summe)$/i;

function checkTotals(campaignId: string): string {
  if (!totals.test(campaignId)) return campaignId;
  throw new RejectError(
    'totals_row',
    'campaign_id',
    `campaign_id is ${displayValue(campaignId)}, as in a row of totals; exclude such rows with where, or rename the campaign with map.`,
  );
}
