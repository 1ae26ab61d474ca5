import { parse, validate } from 'graphql';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { parseExplore } from '../../src/dashboard/explore/explore-view.ts';
import { queryTexts } from '../../src/dashboard/explore/query-text.ts';
import { bucketEnd } from '../../src/dashboard/view/buckets.ts';
import { parseView } from '../../src/dashboard/view/view.ts';
import { schema } from '../../src/graphql/schema.ts';

const textsOf = (search: string) => {
  const parameters = new URLSearchParams(search);
  return queryTexts(parseView(parameters), parseExplore(parameters), 'http://127.0.0.1:4000');
};

const searches = [
  '',
  'rows=&measures=ctr',
  'rows=date,channel&by=week&week=sunday&compare=none&sort=-leads&top=5&crm=closed&currency=EUR',
  `rows=campaign_id&breakdown=country&breakdown=de"vice&f=${encodeURIComponent(`channel|is|a'b"c\\\`d\${e}`)}`,
];

describe('the query that is shown', () => {
  it.each(searches)('is valid, and has no variable too many: %s', (search) => {
    const { graphql, variables } = textsOf(search);
    const document = parse(graphql);
    expect(validate(schema, document)).toEqual([]);
    const declared = [
      ...graphql
        .split('\n', 1)
        .join()
        .matchAll(/\$(\w+):/g),
    ].map(([, name]) => name);
    expect(Object.keys(JSON.parse(variables)).sort()).toEqual(declared.sort());
  });

  it.each(searches)('is the same in TypeScript, which parses: %s', (search) => {
    const { graphql, typescript } = textsOf(search);
    const { outputText, diagnostics } = ts.transpileModule(typescript, {
      reportDiagnostics: true,
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    expect(diagnostics).toEqual([]);
    const [, literal = ''] = /const query = (`(?:[^`\\]|\\.)*`);/s.exec(outputText) ?? [];
    expect(new Function(`return ${literal}`)()).toBe(graphql);
  });
});

describe('an explore address', () => {
  it('without parameters shows spend and outcomes by channel', () => {
    expect(parseExplore(new URLSearchParams())).toMatchObject({
      rows: ['CHANNEL'],
      measures: ['COST', 'LEADS', 'CPA', 'REVENUE', 'ROAS'],
      sort: { by: 'COST', isDescending: true },
      measure: 'COST',
      chart: 'line',
    });
  });

  it('sorts by what is shown, and by nothing else', () => {
    const sortOf = (search: string) => parseExplore(new URLSearchParams(search)).sort;
    expect(sortOf('sort=leads')).toEqual({ by: 'LEADS', isDescending: false });
    expect(sortOf('sort=-clicks')).toEqual({ by: 'COST', isDescending: true });
    expect(sortOf('rows=date')).toEqual({ by: 'DATE', isDescending: false });
    expect(sortOf('measures=clicks&sort=x')).toEqual({ by: 'CLICKS', isDescending: true });
  });
});

it.each([
  ['2025-08-04', 'DAY', '2025-08-04'],
  ['2025-08-04', 'WEEK', '2025-08-10'],
  ['2024-02-01', 'MONTH', '2024-02-29'],
  ['2025-10-01', 'QUARTER', '2025-12-31'],
  ['2025-01-01', 'YEAR', '2025-12-31'],
] as const)('the group of days from %s by %s ends on %s', (day, granularity, end) => {
  expect(bucketEnd(day, granularity)).toBe(end);
});
