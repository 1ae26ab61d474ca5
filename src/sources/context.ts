import type { SourceOutcome } from '../http-client/http-source.ts';
import type { Network } from '../http-client/reach.ts';
import type { OpportunityRules } from '../records/opportunity.ts';
import type { Clock } from '../time.ts';
import type { RefreshTokens } from './refresh-tokens.ts';

/** What all sources have in common. */
export interface SourceContext {
  /** The folder that `files` are relative to. */
  readonly folder: string;
  readonly defaults: {
    readonly rules: OpportunityRules;
    readonly timeoutMs: number;
    readonly attempts: number;
    readonly patienceMs: number;
    /** WATERMARK_OVERLAP_DAYS; without it, platforms have their own. */
    readonly restatesDays: number | undefined;
    /** Whether a public source may point into a private network. */
    readonly mayLeadInside: boolean;
  };
  readonly metrics: { onRequest(source: string, outcome: SourceOutcome, seconds: number): void } | undefined;
  readonly network?: Network | undefined;
  readonly clock: Clock;
  readonly refreshTokens: RefreshTokens;
}
