import type { Tool } from './tool.ts';
import { dataQuality } from './tools/data-quality.ts';
import { dimensionValues } from './tools/dimension-values.ts';
import { explainFigure } from './tools/explain-figure.ts';
import { listMetrics } from './tools/list-metrics.ts';
import { queryMetrics } from './tools/query-metrics.ts';

/** All that agents can ask for. None changes anything. */
export const tools: readonly Tool[] = [
  listMetrics,
  queryMetrics,
  dimensionValues,
  explainFigure,
  dataQuality,
];
