import type { JsonObject } from '../../formats/json/parse.ts';
import type { ClassifiedResponse, FailureClass } from '../../http-client/failure-classifier.ts';
import { pageField } from '../pagination/page-field.ts';
import type { Adapter } from './adapter.ts';
import { salesforceOpportunitiesShortForm } from './short-forms/salesforce-opportunities.ts';

/** Opportunities of a SOQL query: `/services/data/v…/query?q=SELECT …`. `attributes` is dropped. */
export const salesforceOpportunities: Adapter = {
  name: 'salesforce_opportunities',
  kinds: ['opportunity'],
  records: ['records'],
  shortForm: salesforceOpportunitiesShortForm,
  // The last page has `done: true` and no nextRecordsUrl.
  pagination: { kind: 'next_link', field: ['nextRecordsUrl'] },
  total: ['totalSize'],
  backfillDays: 730,
  // The stages of a new org that the usual names do not cover.
  stages: {
    'id._decision_makers': 'opportunity',
    perception_analysis: 'opportunity',
    proposal_price_quote: 'opportunity',
    negotiation_review: 'opportunity',
  },
  classifyFailure: classifySalesforceFailure,
  record(opportunity) {
    const custom = customFields(opportunity);
    return {
      opportunity_id: opportunity.Id,
      created_at: opportunity.CreatedDate,
      closed_at: opportunity.CloseDate,
      updated_at: opportunity.LastModifiedDate,
      stage: opportunity.StageName,
      is_won: opportunity.IsWon,
      is_closed: opportunity.IsClosed,
      is_deleted: opportunity.IsDeleted,
      amount: opportunity.Amount,
      currency: opportunity.CurrencyIsoCode,
      contact_email: custom.contact_email__c,
      utm_campaign: custom.utm_campaign__c,
      utm_source: custom.utm_source__c,
      utm_medium: custom.utm_medium__c,
      utm_content: custom.utm_content__c,
      utm_term: custom.utm_term__c,
    };
  },
};

/** Custom fields by lower-case name: every org spells `UTM_Campaign__c` differently. */
const customFields = (opportunity: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(opportunity)
      .filter(([name]) => /__c$/i.test(name))
      .map(([name, value]) => [name.toLowerCase(), value]),
  );

/** Errors are `[{"errorCode": "REQUEST_LIMIT_EXCEEDED", …}]`; this code means throttling, with status 403. */
function classifySalesforceFailure({ status, body }: ClassifiedResponse): FailureClass | undefined {
  const code = pageField(body, ['0', 'errorCode']);
  if (typeof code !== 'string' || !/^[A-Z_]{1,60}$/.test(code)) return undefined;
  if (code === 'REQUEST_LIMIT_EXCEEDED') return { kind: 'throttled', detail: code };
  return status >= 500 ? undefined : { kind: 'refused', detail: code };
}
