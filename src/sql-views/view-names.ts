/** The views that people with SQL read, by their names in the database. */
export const viewNames = ['metrics_daily', 'opportunities_current'] as const;
export type ViewName = (typeof viewNames)[number];

/** The tables that they are made of. */
export const baseTables = ['ad_performance', 'opportunities'] as const;
