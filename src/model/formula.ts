import type { Expression } from '../metrics/own/expression.ts';

/** What is wrong with a formula, in a text that follows a colon. */
export class FormulaError extends Error {}

const most = { length: 1_000, depth: 50 } as const;
const token = /\s*(?:(?<number>\d+(?:\.\d+)?)|(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<sign>[-+*/()]))/y;

type Operator = Extract<Expression<string>, { operator: string }>['operator'];
type Token =
  | { readonly number: number }
  | { readonly name: string }
  | { readonly sign: Operator | '(' | ')' };

/**
 * Parses `(revenue - cost) / cost`: names, numbers, `+ - * /` and brackets.
 *
 * @throws FormulaError
 */
export function parseFormula(text: string): Expression<string> {
  if (text.length > most.length) throw new FormulaError(`is longer than ${most.length} characters`);
  const tokens = tokensOf(text);
  let next = 0;
  const signAt = (place: number): Operator | '(' | ')' | undefined => {
    const found = tokens[place];
    return found !== undefined && 'sign' in found ? found.sign : undefined;
  };

  const operand = (depth: number): Expression<string> => {
    if (depth > most.depth) throw new FormulaError(`nests more than ${most.depth} deep`);
    const found = tokens[next];
    next += 1;
    if (found === undefined) throw new FormulaError('ends where a measure or a number is expected');
    if ('number' in found) return found;
    if ('name' in found) return { sum: found.name };
    if (found.sign === '-') return { operator: '-', left: { number: 0 }, right: operand(depth + 1) };
    if (found.sign !== '(')
      throw new FormulaError(`has ${found.sign} where a measure or a number is expected`);
    const inner = sum(depth + 1);
    if (signAt(next) !== ')') throw new FormulaError('has a ( without its )');
    next += 1;
    return inner;
  };
  const chain = (
    operators: readonly Operator[],
    part: (depth: number) => Expression<string>,
    depth: number,
  ): Expression<string> => {
    let left = part(depth);
    for (;;) {
      const operator = operators.find((each) => each === signAt(next));
      if (operator === undefined) return left;
      next += 1;
      left = { operator, left, right: part(depth) };
    }
  };
  const product = (depth: number): Expression<string> => chain(['*', '/'], operand, depth);
  const sum = (depth: number): Expression<string> => chain(['+', '-'], product, depth);

  const whole = sum(0);
  const rest = tokens[next];
  if (rest === undefined) return whole;
  const shown = 'sign' in rest ? rest.sign : 'name' in rest ? rest.name : String(rest.number);
  throw new FormulaError(shown === ')' ? 'has a ) without its (' : `lacks an operator before ${shown}`);
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.trimEnd().length) {
    const from = token.lastIndex;
    const { number, name, sign } = token.exec(text)?.groups ?? {};
    if (number !== undefined) tokens.push({ number: Number(number) });
    else if (name !== undefined) tokens.push({ name });
    else if (sign !== undefined) tokens.push({ sign: sign as Operator });
    else
      throw new FormulaError(
        `has ${JSON.stringify(text.slice(from).trim().slice(0, 20))} where + - * / ( ) or a name is expected`,
      );
  }
  return tokens;
}

/**
 * What a formula's figures are: money, ratios or quantities.
 *
 * @param isMoney of its names
 * @throws FormulaError where money is added to something else, or multiplied by money
 */
export function unitOf<Name>(
  expression: Expression<Name>,
  isMoney: (name: Name) => boolean,
): 'money' | 'ratio' | 'quantity' {
  const power = powerOf(expression, isMoney);
  if (power > 1) throw new FormulaError('multiplies money by money');
  if (power === 1) return 'money';
  return power === 0 && divides(expression) ? 'ratio' : 'quantity';
}

/** How often money is a factor. */
function powerOf<Name>(expression: Expression<Name>, isMoney: (name: Name) => boolean): number {
  if ('number' in expression) return 0;
  if ('sum' in expression) return isMoney(expression.sum) ? 1 : 0;
  const left = powerOf(expression.left, isMoney);
  const right = powerOf(expression.right, isMoney);
  switch (expression.operator) {
    case '*':
      return left + right;
    case '/':
      return left - right;
    case '+':
    case '-':
      // A minus in front is a difference to 0.
      if (left === right || ('number' in expression.left && expression.left.number === 0)) return right;
      throw new FormulaError(
        `${expression.operator === '+' ? 'adds' : 'subtracts'} money and something else`,
      );
    default:
      return expression.operator satisfies never;
  }
}

const divides = <Name>(expression: Expression<Name>): boolean =>
  'operator' in expression &&
  (expression.operator === '/' || divides(expression.left) || divides(expression.right));
