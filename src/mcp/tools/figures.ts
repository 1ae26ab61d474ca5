import { z } from 'zod';
import { enumNameOf } from '../../graphql/breakdowns.ts';
import { toEnumName } from '../../graphql/builder.ts';
import { catalogueOf, type Model } from '../../metrics/model.ts';
import { fieldOf, type MeasureName } from '../../metrics/registry.ts';
import type { ToolCall } from '../tool.ts';

/** What an answer says of a measure whose figures it has. */
export const measureShape = z.object({
  name: z.string(),
  field: z.string().describe('Its name in rows and totals.'),
  unit: z.string(),
  formula: z.string(),
  description: z.string(),
});

export function describeMeasure(name: MeasureName, model: Model | undefined): z.infer<typeof measureShape> {
  const { unit, formula, description } = catalogueOf(model).describe(name);
  return { name: enumNameOf(name), field: fieldOf(name), unit: toEnumName(unit), formula, description };
}

/** Measures of a call, each once. */
export async function readMeasures(
  argument: string,
  type: string,
  given: unknown,
  { coerce, model }: ToolCall,
): Promise<readonly MeasureName[]> {
  const { measures } = catalogueOf(model);
  const names = await coerce(argument, type, given, z.custom<MeasureName | readonly MeasureName[]>());
  const asked = new Set<MeasureName>([names].flat());
  return measures.filter((name) => asked.has(name));
}

const warningsShape = z.array(z.object({ code: z.string(), message: z.string() }));

/** What an answer says of how its figures came about. */
export const metaShape = z.object({
  from: z.string(),
  to: z.string(),
  currency: z.string().nullable().describe('Of money. Null: of several currencies, or there is no money.'),
  freshness: z.string().nullable().describe('When the last run that stored data ended.'),
  warnings: warningsShape.describe('Tell them to whoever reads the figures.'),
});

export const metaFields = 'from to currency freshness warnings { code message }';
