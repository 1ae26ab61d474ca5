import { expect, it } from 'vitest';
import { type Grant, grants, isAllowed } from '../../src/access/grants.ts';
import { type ErrorCode, errorCodes, statusOfCode } from '../../src/error-codes.ts';
import { schema } from '../../src/graphql/schema.ts';
import { readText } from '../support/deploy.ts';

const rowsOf = (text: string, heading: string): string[][] =>
  [...(text.split(`\n${heading}\n`)[1]?.split('\n## ')[0] ?? '').matchAll(/^\| (.*) \|$/gm)].map(
    ([, row = '']) => row.split(' | '),
  );

it('the table of roles is the code’s', () => {
  const rows = rowsOf(readText('docs/access.md'), '## Roles');
  const rowWith = (text: string): string[] | undefined => rows.find(([what = '']) => what.includes(text));
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const fields = roots.flatMap((type) => Object.values(type?.getFields() ?? {}));
  expect(fields.length).toBeGreaterThan(20);
  for (const { name, extensions } of fields) {
    const isMutation = schema.getMutationType()?.getFields()[name] !== undefined;
    const row = rowWith(`\`${name}\``) ?? rowWith(isMutation ? 'mutations' : 'figures') ?? [];
    const grant = Object.keys(grants).find((known): known is Grant => known === extensions.access) ?? 'admin';
    const roles = (['viewer', 'ingestor', 'admin'] as const).map((role) =>
      isAllowed({ role }, grant) ? 'yes' : 'no',
    );
    expect(row.slice(1), name).toEqual(roles);
  }
});

it('every status that a push can be answered with is told of', () => {
  const notOfPushes = /^(GRAPHQL|OPERATION|QUERY|PERSISTED|FIGURE|NOT_|METHOD|BAD_REQUEST|INTERNAL)/;
  const codes = (Object.keys(errorCodes) as ErrorCode[]).filter((code) => !notOfPushes.test(code));
  const statuses = codes.map((code) => statusOfCode(code)).filter((status) => status !== 500);
  const told = rowsOf(readText('docs/ingestion.md'), '## Push').flatMap(([status = '']) =>
    status.match(/\d{3}/g),
  );
  for (const status of [200, 202, ...statuses]) expect(told).toContain(String(status));
});
