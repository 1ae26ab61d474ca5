import {
  type GraphQLArgument,
  GraphQLError,
  type GraphQLInputType,
  type GraphQLSchema,
  isLeafType,
  isNonNullType,
} from 'graphql';
import { z } from 'zod';
import { badInput } from '../errors.ts';
import { countJsonObjects } from '../http/query-limits.ts';
import { noSuch } from '../nearest.ts';
import { type Definitions, describedSchema } from './json-schema.ts';
import type { Arguments, OwnQuery } from './tool.ts';

/** Rows of an answer, where nothing is said, and at most. */
export const usualRows = 50;
const mostRows = 200;

const afterDescription = 'Continue after an earlier answer: its `page.after`.';

/** The arguments of tools whose answers have pages. */
export const pageArguments = {
  first: z
    .int({ error: ({ input }) => `${brief(input)} is no whole number` })
    .min(1, 'must be at least 1')
    .max(mostRows, `can be ${mostRows} at most; ask for further rows with after`)
    .nullish()
    .describe(`Rows of the answer, 1 to ${mostRows}. Default: ${usualRows}.`),
  after: z
    .string({ error: ({ input }) => `${brief(input)} is no text` })
    .nullish()
    .describe(afterDescription),
};

const brief = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};

/**
 * Arguments of a root field of GraphQL as those of a tool. What they may be is GraphQL's to check, when they are its variables:
 * so that an agent and a dashboard are told the same.
 */
export function fieldArguments(
  schema: GraphQLSchema,
  field: string,
  names: readonly string[],
  definitions: Definitions,
): Record<string, z.ZodType> {
  return Object.fromEntries(
    names.map((name) => {
      const argument = argumentOf(schema, field, name);
      const isRequired = String(argument.type).endsWith('!');
      const value = isLeaf(argument.type) ? z.unknown() : z.unknown().transform(structured);
      const described = value.meta(describedSchema(argument, definitions));
      return [name, isRequired ? described : described.optional()];
    }),
  );
}

const isLeaf = (type: GraphQLInputType): boolean => isLeafType(isNonNullType(type) ? type.ofType : type);

/** Lists and objects, also where an agent sends them as JSON text: neither can be meant as a text. */
export function structured(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function argumentOf(schema: GraphQLSchema, field: string, name: string): GraphQLArgument {
  const argument = schema
    .getQueryType()
    ?.getFields()
    [field]?.args.find((each) => each.name === name);
  if (argument === undefined) throw new Error(`${field} has no argument ${name}`);
  return argument;
}

/**
 * What nests too deep must not reach code that recurses.
 *
 * @throws UtmqlError BAD_USER_INPUT
 */
export function checkNesting(value: unknown): void {
  try {
    countJsonObjects(value);
  } catch (error) {
    throw badInput(error instanceof GraphQLError ? error.message : 'The message nests too deep.');
  }
}

/**
 * Reads the arguments of a call.
 *
 * @throws UtmqlError BAD_USER_INPUT with a sentence that names the argument
 */
export function readArguments(input: z.ZodObject, given: unknown, workspace: string): Arguments {
  // What is missing is GraphQL's to tell.
  const parsed = input.partial().safeParse(given ?? {});
  if (parsed.success) {
    // What came as text has not been looked at yet.
    checkNesting(parsed.data);
    return parsed.data;
  }
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const [name = ''] = issue.keys;
    const shown = JSON.stringify(name.slice(0, 64));
    if (/work_?space|tenant/i.test(name))
      throw badInput(
        `${shown}: no argument chooses a workspace. This connection reads ${workspace}; the header X-Workspace of a connection says which of the workspaces of its key it reads.`,
      );
    throw badInput(`${shown}: ${noSuch('argument', name.slice(0, 64), Object.keys(input.shape))}.`);
  }
  const path = issue?.path.map(String).join('.') || 'arguments';
  throw badInput(`${path}: ${issue?.message ?? 'is invalid'}.`);
}

/** A root field of a document. */
interface FieldCall {
  readonly field: string;
  readonly given: Arguments;
  /** Names of the variables by which arguments are given that have not their own. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly selection: string;
}

/** Makes a document in which every argument is a variable. Fields that are given a variable of one name share it. */
export function ownQuery(
  schema: GraphQLSchema,
  name: string,
  fields: readonly FieldCall[],
  extra: Readonly<Record<string, { readonly type: string; readonly value: unknown }>> = {},
): OwnQuery {
  const types = new Map<string, string>();
  const values: Record<string, unknown> = {};
  const declare = (variable: string, type: string, value: unknown): void => {
    types.set(variable, type);
    values[variable] = value;
  };
  const parts = fields.map(({ field, given, variables = {}, selection }) => {
    const passed = Object.entries(given).flatMap(([argument, value]) => {
      if (value === undefined) return [];
      const variable = variables[argument] ?? argument;
      declare(variable, String(argumentOf(schema, field, argument).type), value);
      return `${argument}: $${variable}`;
    });
    return `  ${field}${inBrackets(passed)} { ${selection} }`;
  });
  for (const [variable, { type, value }] of Object.entries(extra)) declare(variable, type, value);
  const declared = [...types].map(([variable, type]) => `$${variable}: ${type}`);
  return { document: `query ${name}${inBrackets(declared)} {\n${parts.join('\n')}\n}`, variables: values };
}

const inBrackets = (parts: readonly string[]): string => (parts.length === 0 ? '' : `(${parts.join(', ')})`);
