/** An object with something for each of some columns, such as a type in the shape of a `z.object` that reads rows. */
export const columnsOf = <Name extends string, Value>(
  names: readonly Name[],
  create: (name: Name) => Value,
): Readonly<Record<Name, Value>> =>
  Object.fromEntries(names.map((name) => [name, create(name)])) as Record<Name, Value>;
