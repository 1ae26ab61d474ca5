import type { ExportColumn } from '../metrics/export.ts';
import { catalogueOf } from '../metrics/model.ts';
import { type FigureKind, figureKinds, type MetricsQuery } from '../metrics/query.ts';
import {
  type AskedDimension,
  breakdownOf,
  dimensionNames,
  fieldOf,
  isBreakdown,
  type MeasureName,
} from '../metrics/registry.ts';
import { rowPaths } from './pages.ts';
import type { Selection } from './selection.ts';

/**
 * The columns of a file: the fields that are selected of rows, in their order. Figures of a comparison are named `previous_cost`.
 * Dimensions that are not grouped by, which a document for any question selects, are left out: they have no values.
 */
export function columnsOf(
  selection: Selection,
  { groupBy, model }: Pick<MetricsQuery, 'groupBy' | 'model'>,
): readonly ExportColumn[] {
  const dimensions = new Map<string, AskedDimension>(
    [...dimensionNames, ...(model?.dimensions.keys() ?? [])].map((name) => [fieldOf(name), name]),
  );
  const measures = new Map<string, MeasureName>(
    catalogueOf(model).measures.map((name) => [fieldOf(name), name]),
  );
  const figures = (fields: readonly string[], of: FigureKind): ExportColumn[] =>
    fields.flatMap((field) => {
      const measure = measures.get(field);
      const name = of === 'current' ? field : `${of}_${field}`;
      return measure === undefined ? [] : [{ name, measure, of }];
    });
  const columnsAt = (path: readonly string[], field: string): readonly ExportColumn[] => {
    const compared = figureKinds.find((kind) => kind === field);
    if (compared !== undefined) return figures(selection.names(...path, field), compared);
    if (field === 'isOther') return [{ name: field, isOther: true }];
    if (field === 'breakdown')
      return groupBy
        .filter(isBreakdown)
        .map((dimension) => ({ name: `breakdown_${breakdownOf(dimension)}`, dimension }));
    const dimension = dimensions.get(field);
    if (dimension === undefined) return figures([field], 'current');
    return groupBy.includes(dimension) ? [{ name: field, dimension }] : [];
  };
  const columns = rowPaths.flatMap((path) =>
    selection.names(...path).flatMap((field) => columnsAt(path, field)),
  );
  return [...new Map(columns.map((column) => [column.name, column])).values()];
}
