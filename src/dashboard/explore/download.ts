import { DashboardExportDocument } from '../../../schema/generated/dashboard/graphql.ts';
import { idOf } from '../api/ask.ts';
import type { View } from '../view/view.ts';
import { type ExploreChoice, tableVariables } from './explore-view.ts';

/** The formats of files, the usual one first. */
export const fileFormats = ['csv', 'ndjson', 'parquet', 'arrow'] as const;

/** The address of all rows of the table as a file: see docs/exports.md. */
export function fileAddress(view: View, choice: ExploreChoice, format: (typeof fileFormats)[number]): string {
  const search = new URLSearchParams({
    format,
    documentId: idOf(DashboardExportDocument),
    variables: JSON.stringify(tableVariables(view, choice)),
  });
  // Spreadsheets take a file without it for one in another encoding.
  if (format === 'csv') search.set('bom', 'true');
  return `/export/metrics?${search.toString()}`;
}
