/** Columns of one type, to spread into the shape of a `z.object` that reads rows. */
export const columnsOf = <Name extends string, Type>(
  names: readonly Name[],
  type: Type,
): Readonly<Record<Name, Type>> =>
  Object.fromEntries(names.map((name) => [name, type])) as Record<Name, Type>;
