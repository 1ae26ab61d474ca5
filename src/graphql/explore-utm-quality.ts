import type { MissingUtm, NearDuplicate, SpendWithoutUtm } from '../explore/utm-quality.ts';
import { builder } from './builder.ts';
import { DimensionEnum } from './measures.ts';
import { pageType } from './pages.ts';

const MissingUtmType = builder.objectRef<MissingUtm>('MissingUtm').implement({
  description: 'Ads rows whose value of one UTM parameter is `unknown`.',
  fields: (t) => ({
    cost: t.exposeFloat('cost', { description: 'Their spend. Unit: money, in the currency of the records.' }),
    share: t.exposeFloat('share', {
      nullable: true,
      description: 'Their cost / all cost. Unit: ratio. Null without any cost.',
    }),
    rows: t.field({ type: 'SafeInt', description: 'How many. Unit: count.', resolve: ({ rows }) => rows }),
  }),
});

export const SpendWithoutUtmType = builder.objectRef<SpendWithoutUtm>('SpendWithoutUtm').implement({
  description: 'Spend that cannot be told apart by UTM, and that CRM records cannot be attributed to.',
  fields: (t) => ({
    cost: t.exposeFloat('cost', { description: 'All spend. Unit: money, in the currency of the records.' }),
    utmCampaign: t.field({
      type: MissingUtmType,
      description: 'Without utm_campaign.',
      resolve: (spend) => spend.utmCampaign,
    }),
    utmSource: t.field({
      type: MissingUtmType,
      description: 'Without utm_source.',
      resolve: (spend) => spend.utmSource,
    }),
    utmMedium: t.field({
      type: MissingUtmType,
      description: 'Without utm_medium.',
      resolve: (spend) => spend.utmMedium,
    }),
  }),
});

const Spelling = builder.objectRef<NearDuplicate['spellings'][number]>('UtmSpelling').implement({
  description: 'One of several spellings of what is probably one value.',
  fields: (t) => ({
    value: t.exposeString('value', { description: 'As it is stored.' }),
    rows: t.field({
      type: 'SafeInt',
      description: 'Stored records with it, ads rows and CRM records together. Unit: count.',
      resolve: ({ rows }) => rows,
    }),
    cost: t.exposeFloat('cost', {
      description: 'Spend on its ads rows. Unit: money, in the currency of the records.',
    }),
  }),
});

const NearDuplicateType = builder.objectRef<NearDuplicate>('NearDuplicateUtm').implement({
  description:
    'Values of one UTM dimension that are equal once punctuation, spaces and separators are removed: `brand-2`, `brand 2`.',
  fields: (t) => ({
    dimension: t.field({
      type: DimensionEnum,
      description: 'Which UTM dimension.',
      resolve: ({ dimension }) => dimension,
    }),
    spellings: t.field({
      type: [Spelling],
      description: 'Two or more, with most cost first; then by records, then by value.',
      resolve: ({ spellings }) => spellings,
    }),
    cost: t.exposeFloat('cost', {
      description: 'Spend on all of them. Unit: money, in the currency of the records.',
    }),
  }),
});

export const NearDuplicates = pageType(
  'NearDuplicateUtms',
  'Spellings that are probably one value, those with most cost first.',
  NearDuplicateType,
);
