import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';

/** The schema in the schema definition language, sorted by name. */
export const printSdl = (schema: GraphQLSchema): string =>
  `${printSchema(lexicographicSortSchema(schema))}\n`;
