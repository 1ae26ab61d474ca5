import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { badInput } from '../../errors.ts';
import type { Encoding } from '../../formats/to-utf8.ts';
import { noSuch } from '../../nearest.ts';
import { contractOf, type RecordKind } from '../../records/contract.ts';
import type { PushParameter } from '../../records/contract-field.ts';
import type { OpportunityRules } from '../../records/opportunity.ts';
import type { DuplicateRule } from '../../sources/mapping/feed-rules.ts';
import type { RequiredColumns } from '../../sources/mapping/missing-columns.ts';
import type { NamedMapping } from '../../sources/mapping/named-mapping.ts';
import { recordProblems } from '../../sources/mapping/record-checks.ts';
import {
  createRecordReading,
  type RecordReading,
  requiredColumns,
} from '../../sources/mapping/record-reading.ts';
import { recordKeys } from '../../sources/mapping/record-settings.ts';

/** So many ways to read pushes are kept, with their look-up files and with what their normalisers have read before. */
const keptReadings = 200;

/** Parameters of a push, each as often as it was given. */
export type ReadingParameters = Readonly<Record<string, readonly string[]>>;

/** How a push is to be read, where its parameters say so. */
export interface PushReading extends RecordReading {
  /** The parameters as JSON: by them a rejected record is read again. */
  readonly parameters: string;
  /** All that it says: the same records read by something else are another push. */
  readonly fingerprint: string;
  /** Path of the array of records; undefined: the envelope of the kind. */
  readonly records: readonly string[] | undefined;
  readonly encoding: Encoding | undefined;
  /** Of ads rows of the push with one key; undefined where nobody has said so. */
  readonly duplicates: DuplicateRule | undefined;
  /** What some record must have, since the mapping says where it is. */
  readonly required: RequiredColumns;
}

export interface PushReadings {
  /**
   * @returns undefined without parameters: records are as the contract has them
   * @throws UtmqlError BAD_USER_INPUT that lists what there is
   */
  of(kind: RecordKind, workspace: string, given: ReadingParameters): PushReading | undefined;
  /** The mappings that hold from now on. */
  change(mappings: readonly NamedMapping[]): void;
}

/** What parameters say is said as in the sources file. */
const { timezone, date_format, missing, encoding, delimiter, skip_rows } = recordKeys;
const { decimal, thousands, scale, currency, channel, duplicates } = recordKeys;
const ofEveryKind = {
  mapping: z.string().optional(),
  timezone,
  date_format,
  missing,
  encoding,
  delimiter,
  skip_rows,
};
const ofSomeKinds = { decimal, thousands, scale, currency, channel, duplicates } satisfies Record<
  PushParameter,
  unknown
>;
/** The parameters of pushes, as each is written once. */
export const pushParameters = z.object({ ...ofEveryKind, ...ofSomeKinds });

/** Those that may be given several times. */
const lists: ReadonlySet<string> = new Set(['date_format', 'missing']);

/** Those that say how the bytes of a body are laid out. */
const ofBodies: ReadonlySet<string> = new Set(['encoding', 'delimiter', 'skip_rows']);

export const readingParameters = (kind: RecordKind): string[] => [
  ...Object.keys(ofEveryKind),
  ...contractOf(kind).push.parameters,
];

/** Those that have a meaning for records that come as values. */
export const readingParametersOfValues = (
  kind: RecordKind,
): { readonly name: string; readonly isList: boolean }[] =>
  readingParameters(kind)
    .filter((name) => !ofBodies.has(name))
    .map((name) => ({ name, isList: lists.has(name) }));

const nothing = z.object(recordKeys).parse({});

/**
 * @param options.folder what paths of look-up files are relative to
 * @param options.rules what holds where nothing else is said
 */
export function createPushReadings(options: {
  mappings: readonly NamedMapping[];
  folder: string;
  rules: OpportunityRules;
}): PushReadings {
  const { folder, rules } = options;
  let { mappings } = options;
  const known = new LRUCache<string, PushReading>({ max: keptReadings });

  const mappingNamed = (name: string, kind: RecordKind, workspace: string): NamedMapping => {
    const own = mappings.filter((mapping) => mapping.workspace === workspace && mapping.kind === kind);
    const found = own.find((mapping) => mapping.name === name);
    if (found !== undefined) return found;
    const names = own.map((mapping) => mapping.name);
    const shown = JSON.stringify(name.slice(0, 64));
    throw badInput(
      names.length === 0
        ? `mapping is ${shown}, but the workspace ${workspace} has no mappings of the kind ${kind}; add one to \`mappings\` in SOURCES_FILE.`
        : `mapping is ${shown}: ${noSuch('mapping', name.slice(0, 64), names)}.`,
    );
  };

  const make = (kind: RecordKind, workspace: string, given: ReadingParameters): PushReading => {
    const { mapping: name, ...said } = parse(kind, given);
    const mapping = name === undefined ? undefined : mappingNamed(name, kind, workspace);
    const settings = { ...(mapping ?? nothing), ...said };
    const [problem] = recordProblems(settings, kind);
    if (problem !== undefined) throw badInput(`${problem.path.join('.')} ${problem.text}.`);
    const owner = `mapping ${name}`;
    return {
      ...createRecordReading(settings, { kind, adapter: {}, owner, folder, defaults: rules }),
      parameters: JSON.stringify(given),
      fingerprint: JSON.stringify(settings),
      records: settings.records,
      encoding: settings.encoding,
      duplicates: settings.duplicates,
      required: mapping === undefined ? { figures: [], breakdowns: [] } : requiredColumns(settings, kind),
    };
  };

  return {
    of(kind, workspace, given) {
      if (Object.keys(given).length === 0) return undefined;
      const key = JSON.stringify([kind, workspace, given]);
      const found = known.get(key) ?? make(kind, workspace, given);
      known.set(key, found);
      return found;
    },
    change(next) {
      mappings = next;
      known.clear();
    },
  };
}

function parse(kind: RecordKind, given: ReadingParameters) {
  const accepted = readingParameters(kind);
  for (const [name, values] of Object.entries(given)) {
    if (!accepted.includes(name)) throw badInput(`${name}: ${noSuch('parameter', name, accepted)}.`);
    if (values.length > 1 && !lists.has(name)) throw badInput(`${name} is given ${values.length} times.`);
  }
  const values = Object.fromEntries(
    Object.entries(given).map(([name, [first, ...more]]) => [
      name,
      lists.has(name) ? [first, ...more] : first,
    ]),
  );
  const parsed = pushParameters.safeParse(values);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: [name = ''], message }) => {
    const shown = JSON.stringify(values[String(name)]).slice(0, 80);
    return `${String(name)} is ${shown}; ${message}.`;
  });
  throw badInput(problems.join(' '));
}
