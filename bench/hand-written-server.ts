import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from '@clickhouse/client';
import { createSchema, createYoga } from 'graphql-yoga';
import type { HandWrittenSetup } from './hand-written.ts';

// The process of `startHandWritten`.
process.once('message', (message) => {
  const { login, fields } = message as HandWrittenSetup;
  const client = createClient(login);
  const typeName = (name: string): string => `Row_${name}`;
  const schema = createSchema({
    typeDefs: [
      `type Query { ${fields.map(({ name }) => `${name}: [${typeName(name)}!]!`).join(' ')} }`,
      ...fields.map(
        ({ name, strings, numbers }) =>
          `type ${typeName(name)} { ${[...strings.map((column) => `${column}: String`), ...numbers.map((column) => `${column}: Float`)].join(' ')} }`,
      ),
    ],
    resolvers: {
      Query: Object.fromEntries(
        fields.map(({ name, statement }) => [
          name,
          async () => {
            const answer = await client.query({
              query: statement.sql,
              query_params: { ...statement.parameters },
              format: 'JSONEachRow',
              clickhouse_settings: {
                output_format_json_quote_64bit_integers: 0,
                output_format_json_quote_decimals: 0,
              },
            });
            return answer.json();
          },
        ]),
      ),
    },
  });
  const yoga = createYoga({ schema, logging: false });
  const server = createServer((request, response) => void yoga(request, response));
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    process.send?.(`http://127.0.0.1:${port}/graphql`);
  });
});
