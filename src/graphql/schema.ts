import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';
import './alerts.ts';
import './audit-log.ts';
import './events.ts';
import './export-metrics.ts';
import './explore-ads.ts';
import './explore-campaigns.ts';
import './explore-exchange-rates.ts';
import './explore-funnel.ts';
import './explore-opportunities.ts';
import './explore-quality.ts';
import './explore-values.ts';
import './ingest-sources.ts';
import './ingest.ts';
import './catalogue.ts';
import './metrics.ts';
import './orphaned-sources.ts';
import './push.ts';
import './rejected-records.ts';
import './retention.ts';
import './dismiss-rejected-records.ts';
import './retry-rejected-records.ts';
import './saved-views.ts';
import './share-links.ts';

/** The whole schema. */
export const schema: GraphQLSchema = builder.toSchema();
