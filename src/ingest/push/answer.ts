import { z } from 'zod';
import type { UtmqlError } from '../../errors.ts';

/** Rejects that an answer lists; all of them are in rejected records. */
export const listedRejects = 20;

const counts = z.record(z.string(), z.number());

export const pushAnswer = z.object({
  /** The run that counts this push, with others of the same minutes. */
  runId: z.string(),
  /** Records taken. */
  accepted: z.number(),
  /** Records that could not be taken. */
  rejected: z.number(),
  /** Repairs of fields, all kinds together. */
  repaired: z.number(),
  /** Records that the mapping leaves out. */
  leftOut: z.number().default(0),
  /** Of the accepted, those whose key the same push had before; `summed`: they were added to the row of that key. */
  duplicates: z.object({
    identical: z.number(),
    conflicting: z.number(),
    summed: z.number().default(0),
  }),
  /** True: in ClickHouse, and seen by queries. False: on disk, and in ClickHouse as soon as it can be reached. */
  stored: z.boolean(),
  repairsByKind: counts,
  /** Fields that no contract names, by name. */
  unknownFields: counts,
  /** The first rejects. */
  rejects: z.array(
    z.object({
      /** Id in rejected records. */
      id: z.string(),
      /** Which record of the body, from 1; in NDJSON and CSV the line. */
      position: z.number(),
      field: z.string(),
      reason: z.string(),
      detail: z.string(),
    }),
  ),
});
/** What came of a push. */
export type PushAnswer = z.infer<typeof pushAnswer>;

/** A push that ended early: `failure` says why, and the counts what was taken before that. */
export interface PushOutcome {
  readonly answer: PushAnswer;
  readonly failure: UtmqlError | undefined;
}
