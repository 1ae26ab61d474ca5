import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';
import './ingest.ts';
import './measures.ts';
import './metrics.ts';

/** The whole schema. */
export const schema: GraphQLSchema = builder.toSchema();
