import { accessVariables } from './variables/access.ts';
import { alertsVariables } from './variables/alerts.ts';
import { clickhouseVariables } from './variables/clickhouse.ts';
import { ingestionVariables } from './variables/ingestion.ts';
import { limitsVariables } from './variables/limits.ts';
import { queriesVariables } from './variables/queries.ts';
import { recordsVariables } from './variables/records.ts';
import { serverVariables } from './variables/server.ts';
import { sinkVariables } from './variables/sink.ts';
import { sourcesVariables } from './variables/sources.ts';
import { tracingVariables } from './variables/tracing.ts';

/** Every environment variable there is: what the README's table and the checks of docker-compose.yml are made from. */
export const variables = {
  ...serverVariables,
  ...accessVariables,
  ...limitsVariables,
  ...clickhouseVariables,
  ...queriesVariables,
  ...sourcesVariables,
  ...ingestionVariables,
  ...recordsVariables,
  ...sinkVariables,
  ...alertsVariables,
  ...tracingVariables,
} as const;

export type VariableName = keyof typeof variables;
