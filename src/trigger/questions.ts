import { z } from 'zod';
import type { Question } from './client.ts';

/** The workspaces that the caller may use and that have sources. */
export const workspacesQuestion: Question<{
  readonly ingestWorkspaces: readonly { readonly name: string; readonly sources: readonly string[] }[];
}> = {
  name: 'IngestWorkspaces',
  data: z.object({
    ingestWorkspaces: z.array(z.object({ name: z.string(), sources: z.array(z.string()) })),
  }),
};

const runState = z.object({
  id: z.string(),
  source: z.string(),
  status: z.enum(['QUEUED', 'RUNNING', 'SUCCEEDED', 'PARTIAL', 'HELD', 'FAILED', 'CANCELLED']),
  recordsWritten: z.number(),
  recordsRejected: z.number(),
  durationMs: z.number().nullish(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
/** A run as far as it has come. */
export type RunState = z.infer<typeof runState>;

export const triggerQuestion: Question<{ readonly triggerIngest: { readonly runs: readonly RunState[] } }> = {
  name: 'TriggerIngest',
  data: z.object({ triggerIngest: z.object({ runs: z.array(runState) }) }),
};

export const runQuestion: Question<{ readonly ingestRun: RunState | null }> = {
  name: 'IngestRunState',
  data: z.object({ ingestRun: runState.nullable() }),
};
