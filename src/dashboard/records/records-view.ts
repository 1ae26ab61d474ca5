import type { OpportunityStage } from '../../../schema/generated/dashboard/graphql.ts';
import type { MeasureField } from '../text/measures.ts';

/** Which records: ads rows or CRM records, and of these, those at some stages. */
export interface RecordsChoice {
  readonly of: 'ads' | 'crm';
  readonly stage: 'opportunity' | 'won' | undefined;
}

const ofCrm: readonly MeasureField[] = ['leads', 'cvrClickToLead', 'cvrLeadToOpp'];
const ofOpportunities: readonly MeasureField[] = ['opportunities', 'cvrOppToWon'];
const ofWon: readonly MeasureField[] = ['closedWon', 'revenue', 'averageDealSize', 'roas'];

/** The records that a figure counts; of a ratio, those of its numerator. */
export function recordsBehind(field: MeasureField): RecordsChoice {
  if (ofWon.includes(field)) return { of: 'crm', stage: 'won' };
  if (ofOpportunities.includes(field)) return { of: 'crm', stage: 'opportunity' };
  return { of: ofCrm.includes(field) ? 'crm' : 'ads', stage: undefined };
}

export function parseRecords(own: URLSearchParams): RecordsChoice {
  const stage = (['opportunity', 'won'] as const).find((name) => name === own.get('stage'));
  return { of: own.get('of') === 'crm' ? 'crm' : 'ads', stage };
}

/** As `opportunities(stage:)` takes it. */
export function stagesOf({ stage }: RecordsChoice): OpportunityStage[] | undefined {
  if (stage === 'won') return ['CLOSED_WON'];
  return stage === 'opportunity' ? ['OPPORTUNITY', 'CLOSED_WON', 'CLOSED_LOST'] : undefined;
}
