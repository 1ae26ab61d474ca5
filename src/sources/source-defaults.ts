import type { Config } from '../config/config.ts';
import type { OpportunityRules } from '../records/opportunity.ts';
import type { SourceContext } from './context.ts';

/** Returns the reading rules of sources without their own. */
export const defaultRecordRules = (config: Config, contactHashKey: string): OpportunityRules => ({
  timezone: config.REPORTING_TIMEZONE,
  currency: config.REPORTING_CURRENCY,
  stages: config.STAGE_MAP,
  contactHashKey,
});

/** Returns the settings of sources without their own. */
export const contextDefaults = (config: Config, rules: OpportunityRules): SourceContext['defaults'] => ({
  rules,
  timeoutMs: config.SOURCE_TIMEOUT_MS,
  attempts: config.SOURCE_ATTEMPTS,
  patienceMs: config.SOURCE_PATIENCE_MS,
  restatesDays: config.WATERMARK_OVERLAP_DAYS,
  allowsPrivateAddresses: config.SOURCE_REDIRECTS_TO_PRIVATE === 'allow',
});
