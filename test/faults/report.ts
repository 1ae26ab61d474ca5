/** What a scenario found: its numbers, by name, and the laws that did not hold (none: all is well). */
export interface Report {
  readonly numbers: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

/** Gathers a report while a scenario goes on. */
export interface Findings {
  /** Notes a number; a second note of the same name replaces the first. */
  number(name: string, value: number): void;
  /** A law; where it does not hold, `otherwise` says with which numbers. */
  law(law: string, holds: boolean, otherwise: string): void;
  /** A number and the law that it is `expected`. */
  exactly(name: string, value: number, expected: number): void;
  /** A number and the law that it is at most `limit`. */
  atMost(name: string, value: number, limit: number): void;
  report(): Report;
}

export function createFindings(): Findings {
  const numbers: Record<string, number> = {};
  const violations: string[] = [];
  const number = (name: string, value: number): void => {
    numbers[name] = Math.round(value * 1_000) / 1_000;
  };
  const law = (name: string, holds: boolean, otherwise: string): void => {
    if (!holds) violations.push(`${name}: ${otherwise}`);
  };
  return {
    number,
    law,
    exactly(name, value, expected) {
      number(name, value);
      law(name, value === expected, `is ${value}, expected ${expected}`);
    },
    atMost(name, value, limit) {
      number(name, value);
      law(name, value <= limit, `is ${value}, at most ${limit} was promised`);
    },
    report: () => ({ numbers, violations }),
  };
}

/** One line: `name value, name value`. */
export const inOneLine = ({ numbers }: Report): string =>
  Object.entries(numbers)
    .map(([name, value]) => `${name} ${value.toLocaleString('en')}`)
    .join(', ');
