import { ChangeType, CriticalityLevel, DiffRule, diff, type Rule } from '@graphql-inspector/core';
import { buildSchema, isInterfaceType, isObjectType } from 'graphql';

/** What changed for clients from one schema to the next; see docs/deprecation.md. */
export interface SchemaChanges {
  /** Breaks queries that were valid, without notice: what is removed was not deprecated. */
  readonly breaking: readonly string[];
  /** Breaks no valid query, but may surprise its client: a new enum value, another default, the end of what was deprecated. */
  readonly dangerous: readonly string[];
}

/**
 * Compares two schemas.
 *
 * @param before printed schema
 * @param after printed schema
 */
export async function compareSchemas(before: string, after: string): Promise<SchemaChanges> {
  const changes = await diff(buildSchema(before), buildSchema(after), [
    DiffRule.suppressRemovalOfDeprecatedField,
    allowRemovalOfDeprecatedArgument,
    DiffRule.simplifyChanges,
  ]);
  const messages = (level: CriticalityLevel): readonly string[] =>
    changes.filter(({ criticality }) => criticality.level === level).map(({ message }) => message);
  return { breaking: messages(CriticalityLevel.Breaking), dangerous: messages(CriticalityLevel.Dangerous) };
}

/** The rule of graphql-inspector knows fields, enum values and input fields, but not arguments. */
const allowRemovalOfDeprecatedArgument: Rule = ({ changes, oldSchema }) =>
  changes.map((change) => {
    if (change.type !== ChangeType.FieldArgumentRemoved) return change;
    const [typeName = '', fieldName = '', argumentName] = change.path?.split('.') ?? [];
    const type = oldSchema?.getType(typeName);
    if (!isObjectType(type) && !isInterfaceType(type)) return change;
    const argument = type.getFields()[fieldName]?.args.find(({ name }) => name === argumentName);
    return argument?.deprecationReason
      ? { ...change, criticality: { level: CriticalityLevel.Dangerous } }
      : change;
  });

/** Why a commit may break the schema, from the line `breaking: …` of its message; undefined where it has none. */
export const breakingReason = (commitMessage: string): string | undefined =>
  /^breaking:[ \t]*(\S.*)$/im.exec(commitMessage)?.[1];
