/** `${NAME}` in a text of the sources file. */
const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

export interface Expanded {
  readonly value: unknown;
  /** Variables that are not set, and where they are named. */
  readonly missing: readonly { readonly path: readonly (string | number)[]; readonly name: string }[];
  /** Variables that were put in, and what they hold. */
  readonly used: ReadonlyMap<string, string>;
}

/** Puts the values of environment variables into all texts of `value`. An empty variable counts as not set. */
export function expandVariables(
  value: unknown,
  environment: Readonly<Record<string, string | undefined>>,
): Expanded {
  const missing: { path: readonly (string | number)[]; name: string }[] = [];
  const used = new Map<string, string>();

  const expand = (part: unknown, path: readonly (string | number)[]): unknown => {
    if (Array.isArray(part)) return part.map((item, index) => expand(item, [...path, index]));
    if (typeof part === 'object' && part !== null) {
      return Object.fromEntries(
        Object.entries(part).map(([key, item]) => [key, expand(item, [...path, key])]),
      );
    }
    if (typeof part !== 'string') return part;
    return part.replace(variable, (_, name: string) => {
      const found = environment[name];
      if (found === undefined || found === '') {
        missing.push({ path, name });
        return `\${${name}}`;
      }
      used.set(name, found);
      return found;
    });
  };
  return { value: expand(value, []), missing, used };
}
