import { isObject, parseJson } from '../../formats/json/parse.ts';
import type { IdWindow } from '../windows/window.ts';
import type { Adapter } from './adapter.ts';
import { asObject } from './platform-values.ts';
import { hubspotDealsShortForm } from './short-forms/hubspot-deals.ts';

/** Deals of `crm/v3/objects/deals` (GET) or its `/search` (POST), with the properties that the request names. */
export const hubspotDeals: Adapter = {
  name: 'hubspot_deals',
  kinds: ['opportunity'],
  records: ['results'],
  shortForm: hubspotDealsShortForm,
  pagination: { kind: 'cursor', field: ['paging', 'next', 'after'], parameter: 'after' },
  total: ['total'],
  window: ({ url, bodies }) =>
    bodies.length > 0 && /\/search\/?(?:\?|$)/.test(url) ? searchWindow : undefined,
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
    const properties = asObject(deal.properties);
    return {
      opportunity_id: deal.id ?? properties.hs_object_id,
      // Epoch milliseconds as text, or ISO, depending on the API version.
      created_at: properties.createdate ?? deal.createdAt,
      closed_at: properties.closedate,
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

/** A search returns at most 10,000 deals: HubSpot refuses the page after. The list (GET) has no such limit. */
const searchWindow: IdWindow = {
  by: 'id',
  limit: 10_000,
  id: ['id'],
  start: '0',
  place(request, lastId) {
    const body = parseJson(request.body ?? '');
    if (!isObject(body)) return request;
    const groups: unknown[] = Array.isArray(body.filterGroups) ? body.filterGroups : [];
    const behind = { propertyName: 'hs_object_id', operator: 'GT', value: lastId };
    // Groups are joined by OR: each needs the condition on the id.
    const filterGroups = (groups.length === 0 ? [{}] : groups).map(asObject).map((group) => ({
      ...group,
      filters: [...(Array.isArray(group.filters) ? group.filters : []), behind],
    }));
    const sorts = [{ propertyName: 'hs_object_id', direction: 'ASCENDING' }];
    return {
      ...request,
      body: JSON.stringify({ ...body, sorts, ...(lastId !== undefined && { filterGroups }) }),
    };
  },
};
