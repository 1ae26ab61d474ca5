import type { Columns } from '../../clickhouse/store.ts';
import type { Day } from '../../records/day.ts';
import type { DecimalText } from '../../records/numerals.ts';
import type { RowEncoder } from './row-binary.ts';

type ColumnType = Columns[string];

/** What a value of each type is written from. */
interface WrittenFrom {
  readonly Date: Day;
  readonly String: string;
  /** A small count or a flag. */
  readonly UInt8: number | boolean;
  readonly UInt64: number;
  /** Epoch milliseconds. */
  readonly 'DateTime64(3)': number;
  readonly 'Decimal(18,6)': number;
  readonly 'Decimal(38,18)': DecimalText;
  readonly 'Map(String, String)': Readonly<Record<string, string>> | undefined;
  readonly 'Map(String, Decimal(18,6))': Readonly<Record<string, number>> | undefined;
}

/** A column that holds the number that a word has in a list: ClickHouse's Enum8 from 0 on. */
interface Enumeration<Word extends string = string> {
  readonly enumeration: readonly Word[];
}

/** How the column of a property of type `Value` may be declared. */
type ColumnFor<Value> =
  | { [Type in ColumnType]: [Value] extends [WrittenFrom[Type]] ? Type : never }[ColumnType]
  | ([Value] extends [string] ? (string extends Value ? never : Enumeration<Value>) : never);

type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : '';

/** The column of a property has its name: `utmSource` is in `utm_source`, and nowhere else. Only `day` is in `date`. */
type ColumnName<Property extends string> = Property extends 'day' ? 'date' : SnakeCase<Property>;

/** The columns of all properties of `T`. */
export type ColumnsFor<T> = {
  readonly [Property in keyof T & string as ColumnName<Property>]: ColumnFor<T[Property]>;
};

/** Some columns and how they are written from an object that has their properties. */
export interface ColumnSet<T> {
  /** Names, in the order in which `write` writes them, with the types that a RowBinary body has. */
  readonly columns: Columns;
  write(encoder: RowEncoder, from: T): void;
  /** What the columns are written from, in their order. */
  valuesOf(from: T): readonly unknown[];
}

/** Declares a column for every property of `T`: `columnSet<T>()({ … })`. */
export const columnSet =
  <T>() =>
  (declared: ColumnsFor<T>): ColumnSet<T> =>
    createColumnSet<T>(declared as DeclaredColumns);

export type DeclaredColumns = Readonly<Record<string, ColumnType | Enumeration>>;

/** What writes a value of each type. */
const methods = {
  Date: 'uint16',
  String: 'text',
  UInt8: 'uint8',
  UInt64: 'uint64',
  'DateTime64(3)': 'int64',
  'Decimal(18,6)': 'money',
  'Decimal(38,18)': 'rate',
  'Map(String, String)': 'map',
  'Map(String, Decimal(18,6))': 'moneyMap',
} as const satisfies Record<ColumnType, keyof RowEncoder>;

/** @param declared columns of properties that `T` has, which the caller's types vouch for */
export function createColumnSet<T>(declared: DeclaredColumns): ColumnSet<T> {
  const columns = Object.entries(declared).map(([name, column]) => ({
    name,
    property: propertyOf(name),
    type: typeof column === 'string' ? column : ('UInt8' as const),
    words: typeof column === 'string' ? undefined : column.enumeration,
  }));
  return {
    columns: Object.fromEntries(columns.map(({ name, type }) => [name, type])),
    write: writerOf<T>(columns),
    valuesOf: (from) => columns.map(({ property }) => (from as Readonly<Record<string, unknown>>)[property]),
  };
}

/**
 * The function that one would write by hand, a line a column. A loop over the columns reads properties by name, which takes a
 * quarter more of the time of a whole row (Node 20). The text is made of names of this program's declarations, never of input.
 */
function writerOf<T>(
  columns: readonly {
    readonly property: string;
    readonly type: ColumnType;
    readonly words: readonly string[] | undefined;
  }[],
): ColumnSet<T>['write'] {
  const lines = columns.map(({ property, type, words }, index) => {
    if (!/^[a-z][A-Za-z0-9]*$/.test(property)) throw new Error(`no property: ${JSON.stringify(property)}`);
    const read = `from.${property}`;
    const value = words === undefined ? read : `words[${index}].indexOf(${read})`;
    return `encoder.${methods[type]}(${type === 'UInt8' ? `Number(${value})` : value});`;
  });
  const create = new Function('words', `return (encoder, from) => {\n${lines.join('\n')}\n};`);
  return create(columns.map(({ words }) => words)) as ColumnSet<T>['write'];
}

/** `utm_campaign` → `utmCampaign`. */
export const propertyOf = (column: string): string =>
  column === 'date' ? 'day' : column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Returns what a column is written from. */
export const valueIn = <T>(from: T, column: keyof ColumnsFor<T> & string): unknown =>
  (from as Readonly<Record<string, unknown>>)[propertyOf(column)];
