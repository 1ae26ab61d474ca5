/** The kinds of records that are pulled. */
export const sourceKinds = ['ad_performance', 'opportunity'] as const;

export type SourceKind = (typeof sourceKinds)[number];
