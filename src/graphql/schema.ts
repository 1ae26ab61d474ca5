import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';
import './explore-ads.ts';
import './explore-campaigns.ts';
import './explore-funnel.ts';
import './explore-opportunities.ts';
import './explore-quality.ts';
import './explore-values.ts';
import './ingest.ts';
import './measures.ts';
import './metrics.ts';

/** The whole schema. */
export const schema: GraphQLSchema = builder.toSchema();
