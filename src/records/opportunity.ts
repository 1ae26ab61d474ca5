import { createHmac } from 'node:crypto';
import {
  type Contract,
  currency,
  figureParameters,
  schemaVersion,
  updatedAt,
  utm,
} from './contract-field.ts';
import type { Day } from './day.ts';
import { redactEmailAddresses } from './email-addresses.ts';
import type { FieldRules } from './field-rules.ts';
import { createFieldReader } from './fields.ts';
import { normalise, type Outcome, type Repairs } from './outcome.ts';
import { checkSchemaVersion } from './schema-version.ts';
import { createStageReader, type Stage, type StageTable } from './stage.ts';
import { unknown } from './text.ts';
import { UnknownFields } from './unknown-fields.ts';

export const opportunityContract = {
  title: 'Opportunity',
  meaning: 'A CRM opportunity in its current state.',
  description:
    'The current state of one CRM record. A record with the same opportunity_id in the same namespace replaces the earlier one.',
  envelope: ['external', 'crm', 'opportunities'],
  fields: {
    ...schemaVersion,
    opportunity_id: {
      format: 'identifier',
      required: true,
      description: 'Id of the record in the CRM.',
    },
    created_at: { format: 'instant', required: true, description: 'When the lead was created.' },
    closed_at: {
      format: 'instant',
      description:
        'When the record was won or lost. With `crmDate: CLOSED`, revenue counts on this day, or without it on that of `created_at`.',
    },
    stage: {
      format: 'identifier',
      description:
        'The stage as the CRM names it. STAGE_MAP maps it to lead, opportunity, closed_won or closed_lost.',
    },
    is_won: {
      format: 'flag',
      description: 'Whether the CRM counts the record as won. Overrides `stage`.',
    },
    is_closed: {
      format: 'flag',
      description:
        'Whether the CRM counts the record as closed. A record that is closed and not won is lost.',
    },
    is_deleted: {
      format: 'flag',
      description:
        'Whether the CRM deleted the record. If true, utmql deletes the stored record. `created_at` is still required.',
    },
    amount: { format: 'money', description: 'Amount in units of the currency, with up to six decimals.' },
    currency,
    contact_email: {
      format: 'identifier',
      description: 'E-mail address of the contact. utmql stores only a keyed hash of it.',
    },
    ...utm,
    updated_at: updatedAt,
  },
  deletion: {
    flag: 'is_deleted',
    reads: ['schema_version', 'opportunity_id', 'created_at', 'is_deleted', 'updated_at'],
  },
  push: {
    path: '/ingest/opportunities',
    description:
      'Stores CRM records. Adds new records and replaces those with the same key. Deletes nothing.',
    parameters: figureParameters,
    takesNamespace: true,
  },
  examples: [
    {
      opportunity_id: 'O-9001',
      contact_email: 'ana@example.com',
      stage: 'closed_won',
      amount: 5000.0,
      created_at: '2025-08-01T10:00:00Z',
      closed_at: '2025-08-19T15:30:00Z',
      utm_campaign: 'back_to_school',
      utm_source: 'google',
      utm_medium: 'cpc',
    },
  ],
} as const satisfies Contract;

/** The current state of one CRM record, identified by `opportunityId`. */
export interface Opportunity {
  readonly opportunityId: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** The day of `createdAt` in the reporting time zone. */
  readonly day: Day;
  /** Epoch milliseconds; 0 if the CRM does not say. */
  readonly closedAt: number;
  /** The day of `closedAt` in the reporting time zone; 0 if the CRM does not say. */
  readonly closedDay: Day;
  readonly stage: Stage;
  /** The stage name of the CRM. */
  readonly stageName: string;
  /** True if the CRM has deleted the record. utmql then stores nothing of it. */
  readonly isDeleted: boolean;
  readonly amount: number;
  /** ISO 4217. */
  readonly currency: string;
  /** HMAC-SHA256 of the e-mail address in hex; empty if there is no address. The address itself is never stored. */
  readonly contactHash: string;
  readonly utmCampaign: string;
  readonly utmSource: string;
  readonly utmMedium: string;
  readonly utmContent: string;
  readonly utmTerm: string;
  /** When the CRM last changed the record, in epoch milliseconds, if the CRM says so. */
  readonly updatedAt: number | undefined;
  /** The fields that the contract does not name, as JSON text without e-mail addresses; empty if there are none. */
  readonly extra: string;
}

export interface OpportunityRules extends FieldRules {
  readonly stages: StageTable;
  readonly contactHashKey: string;
}

/** Returns the normaliser for one CRM. It turns raw JSON into a record or the reason for a rejection. */
export function createOpportunityNormaliser(rules: OpportunityRules) {
  const read = createFieldReader<keyof typeof opportunityContract.fields>(rules);
  const readStage = createStageReader(rules.stages);
  const unknownFields = new UnknownFields(opportunityContract);
  return (raw: unknown, repairs: Repairs): Outcome<Opportunity> =>
    normalise(raw, repairs, (fields) => {
      checkSchemaVersion(fields);
      const opportunityId = read.identifier(fields, 'opportunity_id');
      const { instant, day } = read.instantAndDay(fields, 'created_at');
      if (read.optionalFlag(fields, 'is_deleted') === true) {
        const updatedAt = read.optionalInstant(fields, 'updated_at');
        return {
          ...deletedFields,
          opportunityId,
          createdAt: instant,
          day,
          currency: rules.currency,
          updatedAt,
        };
      }
      const closed = read.isMissing(fields.closed_at) ? undefined : read.instantAndDay(fields, 'closed_at');
      const stageName = read.optionalIdentifier(fields, 'stage');
      const told = outcomeOf(read.optionalFlag(fields, 'is_won'), read.optionalFlag(fields, 'is_closed'));
      // The flags of the CRM take precedence over stage names: custom pipelines have stages that are in no table.
      const stage = told ?? readStage(stageName);
      if (stage === undefined) repairs.note('unknown_stage');
      return {
        opportunityId,
        createdAt: instant,
        day,
        closedAt: closed?.instant ?? 0,
        closedDay: closed?.day ?? 0,
        stage: stage ?? 'lead',
        stageName,
        isDeleted: false,
        amount: read.money(fields, 'amount', repairs),
        currency: read.currency(fields),
        contactHash: hashContact(read.optionalIdentifier(fields, 'contact_email'), rules.contactHashKey),
        utmCampaign: read.label(fields, 'utm_campaign', repairs),
        utmSource: read.label(fields, 'utm_source', repairs),
        utmMedium: read.label(fields, 'utm_medium', repairs),
        utmContent: read.label(fields, 'utm_content', repairs),
        utmTerm: read.label(fields, 'utm_term', repairs),
        updatedAt: read.optionalInstant(fields, 'updated_at'),
        extra: redactEmailAddresses(unknownFields.read(fields, repairs)),
      };
    });
}

/** The values of a deleted record's other fields. They are constant, so that no other field can cause a rejection. */
const deletedFields = {
  isDeleted: true,
  closedAt: 0,
  closedDay: 0,
  stage: 'lead',
  stageName: '',
  amount: 0,
  contactHash: '',
  utmCampaign: unknown,
  utmSource: unknown,
  utmMedium: unknown,
  utmContent: unknown,
  utmTerm: unknown,
  extra: '',
} as const;

/** Returns the outcome by the CRM's flags; undefined if the deal is open or has no flags. */
function outcomeOf(isWon: boolean | undefined, isClosed: boolean | undefined): Stage | undefined {
  if (isWon === true) return 'closed_won';
  return isClosed === true && isWon === false ? 'closed_lost' : undefined;
}

function hashContact(email: string, key: string): string {
  return email === '' ? '' : createHmac('sha256', key).update(email.toLowerCase()).digest('hex');
}
