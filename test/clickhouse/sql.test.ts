import { describe, expect, it } from 'vitest';
import { bind, identifier, join, sql } from '../../src/clickhouse/sql.ts';
import { ValueList } from '../../src/clickhouse/value-list.ts';

describe('sql', () => {
  it('numbers parameters through nested fragments', () => {
    const inner = sql`a = ${bind('String', 'x')}`;
    const outer = sql`SELECT ${bind('UInt8', 1)} WHERE ${join([inner, sql`b = ${bind('Date', '2025-08-01')}`], ' AND ')} LIMIT ${bind('UInt64', 5)}`;
    expect(outer.compile()).toEqual({
      sql: 'SELECT {p1:UInt8} WHERE a = {p2:String} AND b = {p3:Date} LIMIT {p4:UInt64}',
      parameters: { p1: 1, p2: 'x', p3: '2025-08-01', p4: 5 },
    });
  });

  it('writes values into the text, where a statement is kept', () => {
    const list = bind('Array(String)', new ValueList(["a'", 'b\\']));
    const statement = sql`SELECT ${bind('String', "it's")}, ${sql`x IN (${list})`}, ${bind('UInt8', 1)}, ${bind('Array(String)', [])}`;
    expect(statement.withLiterals()).toBe(
      "SELECT 'it\\'s', x IN (CAST(['a\\'', 'b\\\\'] AS Array(String))), CAST('1' AS UInt8), CAST([] AS Array(String))",
    );
  });

  it('gives the same text for the same query, as often as it is compiled', () => {
    const statement = sql`SELECT ${bind('String', 'x')}`;
    expect(statement.compile()).toEqual(statement.compile());
  });

  it.each(['a b', 'a;b', 'a`', '', '1a', 'A', "a'"])('takes no identifier like %j', (name) => {
    expect(() => identifier(name)).toThrow('not an identifier');
  });
});
