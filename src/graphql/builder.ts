import SchemaBuilder from '@pothos/core';
import { Kind } from 'graphql';
import { DateTimeResolver, JSONResolver, SafeIntResolver } from 'graphql-scalars';
import { parseIsoDay } from '../records/day.ts';
import './audit-plugin.ts';
import type { Context } from './context.ts';

/** What JSON holds, but for null, which GraphQL keeps apart. */
export type JsonValue = string | number | boolean | object;

/** The schema builder. It defines no types but the scalars; each area's file adds its own. */
export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: {
    LocalDate: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    SafeInt: { Input: number; Output: number };
    LenientNumber: { Input: number | string; Output: never };
    JSON: { Input: JsonValue; Output: unknown };
  };
}>({ plugins: ['audit'], defaultFieldNullability: false });

// Not graphql-scalars' LocalDate: its errors lose the name of the variable that they are about.
builder.scalarType('LocalDate', {
  description: 'A day of the calendar: `2025-08-01`.',
  serialize: (value) => value,
  parseValue(value) {
    if (typeof value === 'string' && parseIsoDay(value) !== undefined) return value;
    throw new TypeError(`There is no day ${JSON.stringify(value)}; days are written as 2025-08-01.`);
  },
});
builder.addScalarType('DateTime', DateTimeResolver, {
  description: 'An instant, RFC 3339: `2025-08-01T10:00:00.000Z`.',
});
builder.addScalarType('SafeInt', SafeIntResolver, {
  description: 'A whole number up to 2^53 − 1, the largest integer that JSON clients read exactly.',
});
builder.addScalarType('JSON', JSONResolver, {
  description: 'Any JSON value.',
});
builder.scalarType('LenientNumber', {
  description: 'A number, or a string that contains one, as ad platforms send it: `350.75` or `"350.75"`.',
  serialize: (value) => value,
  parseValue(value) {
    if (typeof value === 'number' || typeof value === 'string') return value;
    throw new TypeError(`${JSON.stringify(value)} is neither a number nor a text.`);
  },
  parseLiteral(node) {
    if (node.kind === Kind.INT || node.kind === Kind.FLOAT) return Number(node.value);
    if (node.kind === Kind.STRING) return node.value;
    throw new TypeError('This is neither a number nor a text.');
  },
});

builder.queryType({ description: 'All queries. Start with `metrics`.' });
builder.mutationType({ description: 'All operations that change data.' });

/** Names of the registry as a GraphQL enum's values: `utmSource` → `UTM_SOURCE`. */
export function enumValues<const Name extends string>(
  names: readonly Name[],
  describe: (name: Name) => string,
) {
  return Object.fromEntries(
    names.map((name) => [toEnumName(name), { value: name, description: describe(name) }]),
  ) as Record<string, { value: Name; description: string }>;
}

/** `costPerOpportunity` → `COST_PER_OPPORTUNITY`, `last7Days` → `LAST_7_DAYS`. */
export const toEnumName = (name: string): string =>
  name.replace(/[A-Z]|\d+/g, (part) => `_${part}`).toUpperCase();
