import type { Filter } from '../metrics/filter.ts';
import type { MeasureName } from '../metrics/registry.ts';

/** `above` and `below` compare the figure, `rises_by` and `falls_by` its relative change to as many days before. */
export const comparisons = ['above', 'below', 'rises_by', 'falls_by'] as const;
export type AlertComparison = (typeof comparisons)[number];

/** An alert of ALERTS_FILE. */
export interface Alert {
  /** Unique in its workspace. */
  readonly name: string;
  readonly workspace: string;
  readonly description: string;
  readonly measure: MeasureName;
  readonly where: Filter | undefined;
  /** Complete days before today. */
  readonly lastDays: number;
  readonly comparison: AlertComparison;
  /** In the unit of the measure; of relative changes a fraction: 0.2 is 20 %. */
  readonly threshold: number;
}
