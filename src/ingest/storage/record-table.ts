import { identifier, join, type Sql, sql } from '../../clickhouse/sql.ts';
import type { Columns } from '../../clickhouse/store.ts';
import { type ColumnSet, type ColumnsFor, createColumnSet, type DeclaredColumns } from './column-set.ts';
import type { RowEncoder } from './row-binary.ts';

/** A table of records, each column declared once: see `recordTable`. */
export interface RecordTable<T, Column extends string = string> {
  readonly name: string;
  /** Tells records apart. */
  readonly key: ColumnSet<T>;
  /** What rows of one key are compared by. */
  readonly values: ColumnSet<T>;
  /** What goes with a row and makes no difference between two. */
  readonly aside: ColumnSet<T>;
  /** All that a record says, in the order in which a row's body has it. */
  readonly columns: Columns;
  /** All that a row has. */
  readonly names: readonly Column[];
  /** What a record is known by: two with the same are one row. */
  keyOf(record: T): string;
}

/** Makes a column that no property has an error. */
type Unknown<Declared, Known> = { readonly [Name in Exclude<keyof Declared, keyof Known>]: never };

/**
 * Declares a table of records: `recordTable<Record, 'propertyThatIsNotStored'>()({ … })`. Every other property of the record has
 * a column of its name in exactly one of `key`, `values` and `aside`.
 *
 * `others` are columns that rows have beside what the record says: whose it is, its version, what is worked out from it.
 */
export const recordTable =
  <T, NotStored extends keyof T = never>() =>
  <
    const Key extends Partial<ColumnsFor<T>>,
    const Aside extends Partial<ColumnsFor<T>> = Record<never, never>,
    const Other extends string = never,
  >(declared: {
    readonly name: string;
    readonly key: Key & Unknown<Key, ColumnsFor<T>>;
    readonly values: Omit<ColumnsFor<Omit<T, NotStored>>, keyof Key | keyof Aside>;
    readonly aside?: Aside & Unknown<Aside, ColumnsFor<T>>;
    readonly others: readonly Other[];
  }): RecordTable<T, (keyof ColumnsFor<Omit<T, NotStored>> & string) | Other> => {
    const key = createColumnSet<T>(declared.key as DeclaredColumns);
    const values = createColumnSet<T>(declared.values as DeclaredColumns);
    const aside = createColumnSet<T>((declared.aside ?? {}) as DeclaredColumns);
    const columns = { ...key.columns, ...values.columns, ...aside.columns };
    const stored = Object.keys(columns) as (keyof ColumnsFor<Omit<T, NotStored>> & string)[];
    return {
      name: declared.name,
      key,
      values,
      aside,
      columns,
      names: [...stored, ...declared.others],
      keyOf: (record) => JSON.stringify(key.valuesOf(record)),
    };
  };

/** How a row is written into one place: what the record says, and what is noted of it there. */
export interface RowFormat<T, Note> {
  readonly columns: Columns;
  /** @param onValues called when the key, which ends at `keyEnd`, and the values behind it have been written */
  write(encoder: RowEncoder, record: T, note: Note, onValues?: (keyEnd: number, record: T) => void): void;
}

export function rowFormat<T, Note>(
  { key, values, aside, columns }: RecordTable<T>,
  note: ColumnSet<Note>,
): RowFormat<T, Note> {
  return {
    columns: { ...columns, ...note.columns },
    write(encoder, record, noted, onValues) {
      key.write(encoder, record);
      const keyEnd = encoder.length;
      values.write(encoder, record);
      onValues?.(keyEnd, record);
      aside.write(encoder, record);
      note.write(encoder, noted);
    },
  };
}

/** Names of columns as SQL. */
export const listOf = (names: readonly string[]): Sql => join(names.map(identifier), ', ');

/** Columns that get another value than the rows have that a row is made of. */
type Changed<Column extends string> = { readonly [Name in NoInfer<Column>]?: Sql };

/** `SELECT` with all columns of a table; FROM follows, with rows that have them. Each keeps its value where `changed` says no other. */
export function selectOf<Column extends string>(
  { names }: RecordTable<never, Column>,
  changed: Changed<Column>,
): Sql {
  return sql`SELECT ${join(
    names.map((name) => changed[name] ?? identifier(name)),
    ', ',
  )}`;
}

/** Begins a statement that writes such rows into the table. */
export const insertSelect = <Column extends string>(
  table: RecordTable<never, Column>,
  changed: Changed<Column>,
): Sql => sql`INSERT INTO ${identifier(table.name)} (${listOf(table.names)}) ${selectOf(table, changed)}`;
