import type { Adapter } from './adapter.ts';
import { csv } from './csv.ts';
import { ecb } from './ecb.ts';
import { genericJson } from './generic-json.ts';
import { googleAds } from './google-ads.ts';
import { hubspotDeals } from './hubspot-deals.ts';
import { linkedin } from './linkedin.ts';
import { metaInsights } from './meta-insights.ts';
import { salesforceOpportunities } from './salesforce-opportunities.ts';
import { tiktok } from './tiktok.ts';

const registry = {
  csv,
  ecb,
  generic_json: genericJson,
  google_ads: googleAds,
  hubspot_deals: hubspotDeals,
  linkedin,
  meta_insights: metaInsights,
  salesforce_opportunities: salesforceOpportunities,
  tiktok,
};

export type AdapterName = keyof typeof registry;

/** Every adapter by its name in the sources file. To add one, add a file here and a line above. */
export const adapters: Readonly<Record<AdapterName, Adapter>> = registry;

export const adapterNames = Object.keys(adapters) as AdapterName[];
