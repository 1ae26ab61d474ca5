import { bind, type Sql, sql } from '../../clickhouse/sql.ts';

/** A figure that is worked out of sums at the asked grain. Null where it would be divided by zero. */
export type Expression<Name> =
  | { readonly number: number }
  | { readonly sum: Name }
  | {
      readonly operator: '+' | '-' | '*' | '/';
      readonly left: Expression<Name>;
      readonly right: Expression<Name>;
    };

/** The sums of an expression, each once. */
export function sumsIn<Name>(expression: Expression<Name>): readonly Name[] {
  if ('number' in expression) return [];
  if ('sum' in expression) return [expression.sum];
  return [...new Set([...sumsIn(expression.left), ...sumsIn(expression.right)])];
}

/** What it is where every sum is zero: no row says otherwise. */
export function valueOfNothing<Name>(expression: Expression<Name>): number | null {
  if ('number' in expression) return expression.number;
  if ('sum' in expression) return 0;
  const left = valueOfNothing(expression.left);
  const right = valueOfNothing(expression.right);
  if (left === null || right === null) return null;
  switch (expression.operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0 ? null : left / right;
    default:
      return expression.operator satisfies never;
  }
}

/** Float64: ClickHouse's division of decimals truncates (9/11 → 0.8181). */
export function compileExpression<Name>(expression: Expression<Name>, figureOf: (name: Name) => Sql): Sql {
  if ('number' in expression) return sql`${bind('Float64', expression.number)}`;
  if ('sum' in expression) return sql`toFloat64(${figureOf(expression.sum)})`;
  const left = compileExpression(expression.left, figureOf);
  const right = compileExpression(expression.right, figureOf);
  switch (expression.operator) {
    case '+':
      return sql`(${left} + ${right})`;
    case '-':
      return sql`(${left} - ${right})`;
    case '*':
      return sql`(${left} * ${right})`;
    case '/':
      return sql`(${left} / nullIf(${right}, 0))`;
    default:
      return expression.operator satisfies never;
  }
}
