import type { SourceOutcome } from '../http-client/http-source.ts';
import type { Network } from '../http-client/source-dispatchers.ts';
import type { OpportunityRules } from '../records/opportunity.ts';
import type { Clock } from '../time.ts';
import type { RefreshTokens } from './refresh-tokens.ts';

/** Dependencies and defaults that all sources share. */
export interface SourceContext {
  /** The folder that `files` are relative to. */
  readonly folder: string;
  readonly defaults: {
    readonly rules: OpportunityRules;
    readonly timeoutMs: number;
    readonly attempts: number;
    readonly patienceMs: number;
    /** WATERMARK_OVERLAP_DAYS; undefined: each platform's default. */
    readonly restatesDays: number | undefined;
    /** Whether a public source may redirect or link into a private network. */
    readonly allowsPrivateAddresses: boolean;
  };
  readonly metrics: { onRequest(source: string, outcome: SourceOutcome, seconds: number): void } | undefined;
  readonly network?: Network | undefined;
  readonly clock: Clock;
  readonly refreshTokens: RefreshTokens;
}
