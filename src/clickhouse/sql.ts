import { escapeText, LongText, ValueList } from './value-list.ts';

/** A ClickHouse type as it stands in a placeholder: `{p1:Array(String)}`. */
export type ParameterType =
  | 'String'
  | 'Array(String)'
  | 'Date'
  | 'Array(Date)'
  | 'UInt8'
  | 'UInt32'
  | 'UInt64'
  | 'Int32'
  | 'Int64'
  | 'Decimal(38, 6)'
  | 'Float64'
  | 'DateTime64(3)'
  | 'UUID'
  | 'Array(UUID)';

export type ParameterValue = string | number | readonly string[] | ValueList | LongText;

export interface Parameter {
  readonly type: ParameterType;
  readonly value: ParameterValue;
}

/**
 * An immutable piece of SQL. Text comes only from template literals in this program's source and from checked
 * identifiers; values come only as parameters. So no input can become SQL.
 */
export class Sql {
  constructor(
    private readonly strings: readonly string[],
    private readonly parts: readonly (Sql | Parameter)[],
  ) {}

  /**
   * The statement with its parameters numbered in order of appearance: the same query gives the same text. A parameter that
   * is named more than once is sent once.
   */
  compile(): CompiledSql {
    const parameters: Record<string, ParameterValue> = {};
    const names = new Map<Parameter, string>();
    const nameOf = (parameter: Parameter): string => {
      const known = names.get(parameter);
      if (known !== undefined) return known;
      const name = `p${names.size + 1}`;
      names.set(parameter, name);
      parameters[name] = parameter.value;
      return name;
    };
    const write = (fragment: Sql): string => {
      let text = fragment.strings[0] ?? '';
      fragment.parts.forEach((part, index) => {
        if (part instanceof Sql) {
          text += write(part);
        } else {
          text += `{${nameOf(part)}:${part.type}}`;
        }
        text += fragment.strings[index + 1] ?? '';
      });
      return text;
    };
    const text = write(this);
    return { sql: text, parameters };
  }

  /** The statement with its values written into it, for what ClickHouse keeps: a view takes no parameters. */
  withLiterals(): string {
    return this.parts.reduce<string>(
      (text, part, index) =>
        `${text}${part instanceof Sql ? part.withLiterals() : literal(part)}${this.strings[index + 1] ?? ''}`,
      this.strings[0] ?? '',
    );
  }
}

/** A value as a constant of its type. */
function literal({ type, value }: Parameter): string {
  const quoted = (text: string): string => `'${escapeText(text)}'`;
  if (value instanceof LongText) return `CAST(${quoted(value.value)} AS ${type})`;
  const list = value instanceof ValueList ? value.values : value;
  if (typeof list === 'string' && type === 'String') return quoted(list);
  if (typeof list === 'string' || typeof list === 'number') return `CAST(${quoted(String(list))} AS ${type})`;
  return `CAST([${list.map(quoted).join(', ')}] AS ${type})`;
}

/** What is sent: the only output of the compiler. */
export interface CompiledSql {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

/** Builds SQL; every interpolation is a fragment or a bound value, which the compiler (tsc) enforces. */
export function sql(strings: TemplateStringsArray, ...parts: readonly (Sql | Parameter)[]): Sql {
  return new Sql(strings, parts);
}

/** A value, sent beside the statement and never inside it. */
export const bind = (type: ParameterType, value: ParameterValue): Parameter => ({ type, value });

/** A name out of the registry or the migrations. Throws on anything that is not a plain lower-case name. */
export function identifier(name: string): Sql {
  if (!/^[a-z_][a-z0-9_]*$/.test(name)) throw new Error(`not an identifier: ${JSON.stringify(name)}`);
  return new Sql([name], []);
}

/** A name for a column of an answer, in any letters' case. Throws on anything that is not a plain name. */
export function columnName(name: string): Sql {
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new Error(`not a name of a column: ${JSON.stringify(name)}`);
  return new Sql([`\`${name}\``], []);
}

/** Fragments with a separator between them. */
export function join(fragments: readonly Sql[], separator: ', ' | ' AND ' | ' OR ' | ' UNION ALL '): Sql {
  if (fragments.length === 0) return new Sql([''], []);
  return new Sql(['', ...fragments.slice(1).map(() => separator), ''], fragments);
}

/** `name AS alias` lists and the like are built from these. */
export const empty: Sql = new Sql([''], []);

/** The last instant that DateTime64 is sure to hold. */
const lastInstant = Date.UTC(2299, 0, 1);

/** An instant of epoch milliseconds as DateTime64(3, 'UTC'), to compare with: from 1970 to 2298. */
export const instantOf = (epochMs: number): Sql =>
  sql`fromUnixTimestamp64Milli(toInt64(${bind('UInt64', Math.min(Math.max(0, epochMs), lastInstant))}), 'UTC')`;
