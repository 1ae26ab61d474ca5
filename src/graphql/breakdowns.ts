import { badInput } from '../errors.ts';
import {
  type AskedDimension,
  type BreakdownName,
  breakdownDimension,
  breakdownOf,
  type DimensionName,
  isBreakdown,
  isOwnDimension,
  isOwnMeasure,
  keyOfOwnDimension,
  keyOfOwnMeasure,
  type MeasureName,
} from '../metrics/registry.ts';
import { breakdownLimits } from '../records/breakdowns.ts';
import { isValueName, valueNameText } from '../records/named-values.ts';
import { builder, toEnumName } from './builder.ts';

export const breakdownDescription =
  'A custom dimension of ads rows, such as `country` or `device`. Case-sensitive. See `breakdowns` in docs/sources.md.';

/** @throws UtmqlError BAD_USER_INPUT that names the argument */
export function readBreakdown(name: string, path: string): BreakdownName {
  if (isValueName(name)) return breakdownDimension(name);
  const shown = JSON.stringify(name.slice(0, breakdownLimits.nameLength + 1));
  throw badInput(`${path}: ${shown} is no name of a breakdown; expected ${valueNameText}.`);
}

/** @throws UtmqlError BAD_USER_INPUT that names the argument */
export function readBreakdowns(names: readonly string[], path: string): BreakdownName[] {
  if (names.length > breakdownLimits.names)
    throw badInput(`${path} has ${names.length} names; at most ${breakdownLimits.names} can be given.`);
  return names.map((name, index) => readBreakdown(name, `${path}[${index}]`));
}

/** A measure or dimension as a value of its enum. */
export function enumNameOf(name: MeasureName | AskedDimension): string {
  if (isOwnMeasure(name)) return keyOfOwnMeasure(name).toUpperCase();
  return isOwnDimension(name) ? keyOfOwnDimension(name).toUpperCase() : toEnumName(name);
}

/** A dimension as callers write it: `CHANNEL`, or `"country"` of breakdowns. */
export const dimensionText = (name: DimensionName): string =>
  isBreakdown(name) ? JSON.stringify(breakdownOf(name)) : enumNameOf(name);

export interface BreakdownValue {
  readonly name: string;
  readonly value: string;
}

export const BreakdownType = builder.objectRef<BreakdownValue>('Breakdown').implement({
  description: breakdownDescription,
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name.' }),
    value: t.exposeString('value', { description: 'Its value; `unknown` if missing.' }),
  }),
});
