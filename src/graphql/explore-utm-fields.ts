import type { AdRecord } from '../explore/record-lists.ts';
import { describeDimension } from '../metrics/registry.ts';
import type { builder } from './builder.ts';

type Utms = Pick<AdRecord, 'utm_campaign' | 'utm_source' | 'utm_medium' | 'utm_content' | 'utm_term'>;

/** The UTM set, for every type that shows stored records. */
export function utmFields<T extends Utms>(
  t: PothosSchemaTypes.ObjectFieldBuilder<
    PothosSchemaTypes.ExtendDefaultTypes<typeof builder.$inferSchemaTypes>,
    T
  >,
) {
  const field = (
    name: 'utmCampaign' | 'utmSource' | 'utmMedium' | 'utmContent' | 'utmTerm',
    column: keyof Utms,
  ) => t.string({ description: describeDimension(name), resolve: (row: Utms) => row[column] });
  return {
    utmCampaign: field('utmCampaign', 'utm_campaign'),
    utmSource: field('utmSource', 'utm_source'),
    utmMedium: field('utmMedium', 'utm_medium'),
    utmContent: field('utmContent', 'utm_content'),
    utmTerm: field('utmTerm', 'utm_term'),
  };
}
