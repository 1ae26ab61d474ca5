import { createDocuments } from '/work/main/src/http/documents.ts';
import { validate, buildSchema, getIntrospectionQuery, parse } from 'graphql';
import { readFileSync } from 'node:fs';
const schema = buildSchema(readFileSync('/work/main/schema/schema.graphql','utf8'));
const docs = createDocuments({depth:12, rootFields:50, aliases:300});
const m = 'metrics(dateRange:{preset:TODAY})';
const cases: Record<string,string> = {
  introspection: getIntrospectionQuery(),
  deep: '{a'.repeat(4900)+'}'.repeat(4900),
  deepSmall: '{a'.repeat(3000)+'}'.repeat(3000),
  lists: `{ a(b: ${'['.repeat(9000)}`,
  lists2: `{ a(b: ${'['.repeat(4500)}${']'.repeat(4500)}) }`,
  wide: `{${m}{nodes{${'clicks '.repeat(9000)}}}}`,
  wide300: `{${m}{nodes{${'clicks '.repeat(299)}}}}`,
  same300deep: `{${('m:'+m+'{nodes{cost clicks leads} totals{cost}} ').repeat(50)}}`,
  distinct: `{${m}{nodes{${Array.from({length:4000},(_,i)=>'f'+i).join(' ')}}}}`,
  aliased: `{${Array.from({length:5000},(_,i)=>`a${i}:__typename`).join(' ')}}`,
  cyclic: `{...A} fragment A on Query{...B} fragment B on Query{...A}`,
  cyclicMany: `{...F0} ${Array.from({length:200},(_,i)=>`fragment F${i} on Query{${Array.from({length:20},(_,k)=>`...F${(i*7+k)%200}`).join(' ')} a b c}`).join(' ')}`,
  cyclicFull: `{...F0} ${Array.from({length:60},(_,i)=>`fragment F${i} on Query{${Array.from({length:60},(_,k)=>`...F${k}`).join(' ')} a}`).join(' ')}`,
  fragWide: `{...F0 } ${Array.from({length:150},(_,i)=>`fragment F${i} on Query{...F${i+1} ${m}{nodes{clicks}}}`).join(' ')} fragment F150 on Query{__typename}`,
  laughs: `{...F0} ${Array.from({length:30},(_,i)=>`fragment F${i} on Query{...F${i+1} ...F${i+1}}`).join(' ')} fragment F30 on Query{__typename}`,
  nestedLaughs: `{...F0} ${Array.from({length:20},(_,i)=>`fragment F${i} on Query{a{...F${i+1}} b{...F${i+1}}}`).join(' ')} fragment F20 on Query{__typename}`,
  directives: `{__typename ${'@a'.repeat(4500)}}`,
  unusedFragments: `{__typename} ${Array.from({length:200},(_,i)=>`fragment F${i} on Query{${'x '.repeat(1)}${Array.from({length:30},(_,k)=>`...F${k+i+1}`).join(' ')}}`).join(' ')}`,
  manyOps: Array.from({length:1500},(_,i)=>`query Q${i}{__typename}`).join(' '),
  manyVars: `query(${Array.from({length:2400},(_,i)=>`$v${i}:Int`).join(' ')}){__typename}`,
  manyArgs: `{metrics(${Array.from({length:2400},(_,i)=>`a${i}:1`).join(' ')}){totals{cost}}}`,
  manyArgsSame: `{m:metrics(${Array.from({length:1200},(_,i)=>`a${i}:1`).join(' ')}){totals{cost}} m:metrics(${Array.from({length:1200},(_,i)=>`a${i}:1`).join(' ')}){totals{cost}}}`,
  bigString: `{metrics(after:"${'x'.repeat(1_000_000)}"){totals{cost}}}`,
  comments: `{__typename} #${'x'.repeat(99_000)}`,
  objects: `{metrics(where:${'{not:'.repeat(3000)}{}${'}'.repeat(3000)}){totals{cost}}}`,
  orWide: `{metrics(dateRange:{preset:TODAY} where:{or:[${'{channel:{eq:"a"}}'.repeat(1100)}]}){totals{cost}}}`,
};
for (const [name, text] of Object.entries(cases)) {
  const t = performance.now(); let r = '';
  try { const d = docs.parse(text); const t2=performance.now(); const e = validate(schema,d); r = `validate ${(performance.now()-t2).toFixed(1)}ms ${e.length} errors ${e[0]?.message}`; } catch (e) { r = String((e as Error).message) }
  console.log(name.padEnd(16), (performance.now()-t).toFixed(1).padStart(8),'ms', r.slice(0,110));
}
