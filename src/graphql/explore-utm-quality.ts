import type { MissingUtm, NearDuplicate, SpendWithoutUtm } from '../explore/utm-quality.ts';
import { builder } from './builder.ts';
import { DimensionEnum, nullMoney } from './catalogue.ts';
import { pageType } from './pages.ts';

const MissingUtmType = builder.objectRef<MissingUtm>('MissingUtm').implement({
  description: 'Ads rows whose value for one UTM parameter is `unknown`.',
  fields: (t) => ({
    cost: t.exposeFloat('cost', {
      nullable: true,
      description: `Cost of these rows. Unit: money. ${nullMoney}`,
    }),
    share: t.exposeFloat('share', {
      nullable: true,
      description: 'cost of these rows / all cost. Unit: ratio. Null if there is no cost.',
    }),
    rows: t.field({
      type: 'SafeInt',
      description: 'Number of records. Unit: count.',
      resolve: ({ rows }) => rows,
    }),
  }),
});

export const SpendWithoutUtmType = builder.objectRef<SpendWithoutUtm>('SpendWithoutUtm').implement({
  description:
    'Ad spend with an unknown UTM parameter. You cannot split it by that parameter, and CRM records cannot be attributed to it.',
  fields: (t) => ({
    cost: t.exposeFloat('cost', {
      nullable: true,
      description: `All ad spend. Unit: money. ${nullMoney}`,
    }),
    utmCampaign: t.field({
      type: MissingUtmType,
      description: 'Ads rows without utm_campaign.',
      resolve: (spend) => spend.utmCampaign,
    }),
    utmSource: t.field({
      type: MissingUtmType,
      description: 'Ads rows without utm_source.',
      resolve: (spend) => spend.utmSource,
    }),
    utmMedium: t.field({
      type: MissingUtmType,
      description: 'Ads rows without utm_medium.',
      resolve: (spend) => spend.utmMedium,
    }),
  }),
});

const Spelling = builder.objectRef<NearDuplicate['spellings'][number]>('UtmSpelling').implement({
  description: 'One spelling of a UTM value.',
  fields: (t) => ({
    value: t.exposeString('value', { description: 'The value as it is stored.' }),
    rows: t.field({
      type: 'SafeInt',
      description: 'Stored ads rows and CRM records with this value. Unit: count.',
      resolve: ({ rows }) => rows,
    }),
    cost: t.exposeFloat('cost', {
      nullable: true,
      description: `Cost of the ads rows with this value. Unit: money. ${nullMoney}`,
    }),
  }),
});

const NearDuplicateType = builder.objectRef<NearDuplicate>('NearDuplicateUtm').implement({
  description:
    'Values of one UTM dimension that differ only in punctuation, spaces and separators, such as `brand-2` and `brand 2`.',
  fields: (t) => ({
    dimension: t.field({
      type: DimensionEnum,
      description: 'The UTM dimension.',
      resolve: ({ dimension }) => dimension,
    }),
    spellings: t.field({
      type: [Spelling],
      description:
        'The spellings, two or more. Ordered by cost (highest first), then by number of records, then by value.',
      resolve: ({ spellings }) => spellings,
    }),
    cost: t.exposeFloat('cost', {
      nullable: true,
      description: `Cost of all spellings together. Unit: money. ${nullMoney}`,
    }),
  }),
});

export const NearDuplicates = pageType(
  'NearDuplicateUtms',
  'UTM values that are probably different spellings of the same value, highest cost first.',
  NearDuplicateType,
);
