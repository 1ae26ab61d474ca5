/** The kinds of records that sources can have. */
export const sourceKinds = ['ad_performance', 'opportunity', 'exchange_rate'] as const;

export type SourceKind = (typeof sourceKinds)[number];
