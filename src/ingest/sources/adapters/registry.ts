// Every adapter, by the name that the sources file calls it: a new one is a file beside this one, and a line here.
export { csv } from './csv.ts';
export { genericJson as generic_json } from './generic-json.ts';
export { googleAds as google_ads } from './google-ads.ts';
export { hubspotDeals as hubspot_deals } from './hubspot-deals.ts';
export { linkedin } from './linkedin.ts';
export { metaInsights as meta_insights } from './meta-insights.ts';
export { salesforceOpportunities as salesforce_opportunities } from './salesforce-opportunities.ts';
export { tiktok } from './tiktok.ts';
