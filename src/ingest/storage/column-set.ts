import type { Columns } from '../../clickhouse/store.ts';
import type { Day } from '../../records/day.ts';
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
  readonly 'Map(String, String)': Readonly<Record<string, string>> | undefined;
}

/** A column that holds the number that a word has in a list: ClickHouse's Enum8 from 0 on. */
export interface Enumeration<Word extends string = string> {
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
export type ColumnName<Property extends string> = Property extends 'day' ? 'date' : SnakeCase<Property>;

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

/** @param declared columns of properties that `T` has, which the caller's types vouch for */
export function createColumnSet<T>(declared: DeclaredColumns): ColumnSet<T> {
  const writers = Object.entries(declared).map(([name, column]) => ({
    name,
    property: propertyOf(name),
    type: typeof column === 'string' ? column : 'UInt8',
    words: typeof column === 'string' ? undefined : column.enumeration,
  }));
  return {
    columns: Object.fromEntries(writers.map(({ name, type }) => [name, type])),
    write(encoder, from) {
      const values = from as Readonly<Record<string, unknown>>;
      for (let index = 0; index < writers.length; index++) {
        const writer = writers[index];
        if (writer === undefined) return;
        const { type: columnType, words } = writer;
        const value = values[writer.property];
        // `ColumnsFor` ties the type of the column to that of the property.
        switch (columnType) {
          case 'String':
            encoder.text(value as string);
            break;
          case 'UInt64':
            encoder.uint64(value as number);
            break;
          case 'Decimal(18,6)':
            encoder.money(value as number);
            break;
          case 'Date':
            encoder.uint16(value as number);
            break;
          case 'DateTime64(3)':
            encoder.int64(value as number);
            break;
          case 'UInt8':
            encoder.uint8(words === undefined ? Number(value) : words.indexOf(value as string));
            break;
          case 'Map(String, String)':
            encoder.map(value as Readonly<Record<string, string>> | undefined);
            break;
          default:
            columnType satisfies never;
        }
      }
    },
    valuesOf: (from) => writers.map(({ property }) => (from as Readonly<Record<string, unknown>>)[property]),
  };
}

/** `utm_campaign` → `utmCampaign`. */
const propertyOf = (column: string): string =>
  column === 'date' ? 'day' : column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
