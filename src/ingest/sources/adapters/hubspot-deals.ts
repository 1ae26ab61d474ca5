import type { Adapter } from './adapter.ts';
import { objectOf } from './platform-values.ts';
import { hubspotDealsShortForm } from './short-forms/hubspot-deals.ts';

/** Deals of `crm/v3/objects/deals` (GET) or its `/search` (POST), with the properties that the request names. */
export const hubspotDeals: Adapter = {
  name: 'hubspot_deals',
  kinds: ['opportunity'],
  records: ['results'],
  shortForm: hubspotDealsShortForm,
  pagination: { kind: 'cursor', field: ['paging', 'next', 'after'], parameter: 'after' },
  backfillDays: 730,
  // The stages of the default pipeline that the usual names do not cover.
  stages: {
    appointmentscheduled: 'opportunity',
    qualifiedtobuy: 'opportunity',
    presentationscheduled: 'opportunity',
    decisionmakerboughtin: 'opportunity',
    contractsent: 'opportunity',
  },
  record(deal) {
    const properties = objectOf(deal.properties);
    return {
      opportunity_id: deal.id ?? properties.hs_object_id,
      // Epoch milliseconds as a text, or ISO: as the version of the API has it.
      created_at: properties.createdate ?? deal.createdAt,
      updated_at: properties.hs_lastmodifieddate ?? deal.updatedAt,
      stage: properties.dealstage,
      is_won: properties.hs_is_closed_won,
      is_closed: properties.hs_is_closed,
      is_deleted: deal.archived,
      amount: properties.amount,
      currency: properties.deal_currency_code,
      contact_email: properties.contact_email,
      utm_campaign: properties.utm_campaign,
      utm_source: properties.utm_source,
      utm_medium: properties.utm_medium,
      utm_content: properties.utm_content,
      utm_term: properties.utm_term,
    };
  },
};
