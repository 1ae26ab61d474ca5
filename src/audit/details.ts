import { z } from 'zod';
import { ingestModes } from '../ingest/runs/run.ts';
import { namePattern } from '../records/names.ts';

/** The details of an entry. Only these values are logged, and only in these formats, which no record, key or free text has. */
export interface AuditDetails {
  readonly ids?: readonly string[] | undefined;
  readonly sources?: readonly string[] | undefined;
  readonly mode?: string | undefined;
  /** The new owner of the rows of `sources`. An orphaned source without a new owner was removed. */
  readonly handedOverTo?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly wait?: boolean | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly before?: string | undefined;
  readonly accepted?: number | undefined;
  readonly rejected?: number | undefined;
  /** Rejected records that were dismissed. */
  readonly dismissed?: number | undefined;
  /** The id of a changed key. */
  readonly keyId?: string | undefined;
  readonly role?: string | undefined;
}

/** Maximum number of ids in one entry. */
const maxIds = 100;

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** The id of a run, a view, a share link or a rejected record. */
const id = z.string().regex(new RegExp(`^${uuid}(:\\d{1,15})?$`, 'i'));
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
const sourceName = z.string().regex(namePattern);
const count = z.number().int().nonnegative();

/** Returns a schema that turns values of another form into undefined. */
const optionalOf = <T>(shape: z.ZodType<T>) => shape.optional().catch(undefined);
const listOf = <T>(shape: z.ZodType<T>) =>
  optionalOf(
    z
      .array(z.unknown())
      .transform((values) =>
        values
          .slice(0, maxIds)
          .flatMap((value) => [shape.safeParse(value).data].filter((one) => one !== undefined)),
      ),
  );

const fields = {
  id: optionalOf(id),
  runId: optionalOf(id),
  viewId: optionalOf(id),
  ids: listOf(id),
  sources: listOf(z.string()),
  mode: optionalOf(z.enum(ingestModes)),
  dryRun: optionalOf(z.boolean()),
  wait: optionalOf(z.boolean()),
  since: optionalOf(day),
  until: optionalOf(day),
  before: optionalOf(day),
};
/** The arguments that are logged: top-level ones and those of `input` and `input.where`, never those of records. */
const argumentsShape = z
  .object({
    ...fields,
    input: z.object({ ...fields, where: z.object(fields).catch({}) }).catch({ where: {} }),
  })
  .catch({ input: { where: {} } });

const countsOf = { accepted: optionalOf(count), rejected: optionalOf(count) };
const retried = z.array(z.object({ isAccepted: z.boolean() })).transform((records) => ({
  accepted: records.filter(({ isAccepted }) => isAccepted).length,
  rejected: records.filter(({ isAccepted }) => !isAccepted).length,
}));
/** A settled orphaned source. Its name is logged, because the mutation has found a source of that name. */
const orphan = z.object({ source: optionalOf(sourceName), handedOverTo: optionalOf(sourceName) });
const outcome = z.object({
  orphan: optionalOf(orphan),
  id: optionalOf(id),
  runs: listOf(z.object({ id })),
  answer: z.object({ runId: optionalOf(id), ...countsOf }).catch({}),
  ...countsOf,
  dismissed: optionalOf(count),
});

function readResult(result: unknown): z.infer<typeof outcome> {
  const counts = retried.safeParse(result);
  return counts.success ? { ...counts.data, answer: {} } : (outcome.safeParse(result).data ?? { answer: {} });
}

/**
 * Returns the details of a field's arguments and result that may be logged.
 *
 * @param knownSources the only names of sources that are logged, because any other name could be free text
 */
export function detailsOf(args: unknown, result: unknown, knownSources: readonly string[]): AuditDetails {
  const {
    input: { where, ...input },
    ...top
  } = argumentsShape.parse(args);
  const asked = { ...top, ...where, ...input };
  const { answer, runs = [], orphan: settled, id: resultId, ...counts } = readResult(result);
  const ids = [
    asked.id,
    asked.runId,
    asked.viewId,
    ...(asked.ids ?? []),
    resultId,
    answer.runId,
    ...runs.map((run) => run.id),
  ];
  const { id: _id, runId: _runId, viewId: _viewId, ids: _ids, sources, ...rest } = asked;
  const told = [...new Set(ids.filter((one) => one !== undefined))].slice(0, maxIds);
  const names = settled?.source ? [settled.source] : sources?.filter((name) => knownSources.includes(name));
  const accepted = answer.accepted ?? counts.accepted;
  const rejected = answer.rejected ?? counts.rejected;
  const { handedOverTo } = settled ?? {};
  return {
    ...rest,
    ids: told.length > 0 ? told : undefined,
    sources: names,
    handedOverTo,
    accepted,
    rejected,
    dismissed: counts.dismissed,
  };
}
