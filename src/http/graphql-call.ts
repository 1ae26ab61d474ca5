import type { Caller, Identity } from '../access/caller.ts';
import type { Queries } from '../admission/admission.ts';
import type { Logger } from '../logger.ts';
import type { ExportOptions, MetricsExport } from '../metrics/export.ts';
import type { Model } from '../metrics/model.ts';
import type { Question } from './graphql-params.ts';

/** What the HTTP server hands over with each request. */
export interface RequestInfo {
  readonly requestId: string;
  readonly logger: Logger;
  /** What the audit log tells of it when it is denied. */
  readonly attempt: AuditedOperation;
}

/** Filled in while it becomes known. */
export interface AuditedOperation {
  /** What was tried: a path, or a field. */
  action: string;
  actor: Identity | undefined;
  workspace: string;
}

/** A GraphQL request as the route hands it to Yoga. */
export interface GraphqlCall extends RequestInfo {
  readonly caller: Caller;
  /** The team's words when it came: a reload does not change them while it is answered. */
  readonly model: Model | undefined;
  /** What it reads with. */
  readonly queries: Queries;
  /** What it asks. Throws what is to be answered where that cannot be read. */
  readQuestion(): Question;
  /** Is called before it is run, with what it costs. */
  onCost(cost: number): Promise<void>;
  /** Is called after each read of records, with what that costs beside it. */
  onRead(cost: number): void;
  /** The question is not answered: the file of its rows is planned. */
  readonly exporting?: { readonly options: ExportOptions; onPlanned(planned: MetricsExport): void };
  /** Is called when the answer has errors. */
  onErrors?(retryAfterSeconds: number | undefined): void;
  /** Is called when the answer must not be given again. */
  onVolatile?(): void;
}
