import { UtmqlError } from '../../errors.ts';

/** `${NAME}` in a text of the sources file. */
const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

export interface Expanded {
  readonly value: unknown;
  /** Variables that are not set, with the paths that name them. */
  readonly missing: readonly { readonly path: readonly (string | number)[]; readonly name: string }[];
  /** Expanded variables and their values. */
  readonly used: ReadonlyMap<string, string>;
}

/** Replaces `${NAME}` with environment variables in all texts of `value`. An empty variable counts as not set. */
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

/** Shorter values are not redacted: they would match parts of ordinary text. */
const minSecretLength = 4;

/** Redacts the values of variables that a source's settings name, and the tokens obtained with them. */
export interface Secrets {
  /** Redacts `value` as `${NAME}` from now on. */
  add(name: string, value: string): void;
  /** Returns the text without secrets. */
  redact(text: string): string;
  /** Returns the error without secrets in its message and causes. */
  redactError(error: unknown): unknown;
}

export function createSecrets(): Secrets {
  const shownAs = new Map<string, string>();

  const redact = (text: string): string => {
    let shown = text;
    for (const [value, placeholder] of shownAs) shown = shown.replaceAll(value, placeholder);
    return shown;
  };

  const redactCause = (cause: unknown, depth = 0): unknown => {
    if (!(cause instanceof Error) || depth === 5) return undefined;
    const plain = new Error(redact(cause.message), { cause: redactCause(cause.cause, depth + 1) });
    plain.name = cause.name;
    plain.stack = redact(cause.stack ?? '');
    return plain;
  };

  return {
    redact,
    add(name, value) {
      if (value.length < minSecretLength) return;
      const forms = [value, encodeURIComponent(value), encodeURI(value), JSON.stringify(value).slice(1, -1)];
      for (const form of forms) shownAs.set(form, `\${${name}}`);
      // Longest first: one value can be part of another.
      const sorted = [...shownAs].sort(([a], [b]) => b.length - a.length);
      shownAs.clear();
      for (const [form, placeholder] of sorted) shownAs.set(form, placeholder);
    },
    redactError(error) {
      if (shownAs.size === 0 || !(error instanceof Error)) return error;
      if (!(error instanceof UtmqlError)) return redactCause(error);
      const { code, message, retryable, retryAfterSeconds, cause } = error;
      return new UtmqlError(code, redact(message), {
        retryable,
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
        cause: redactCause(cause),
      });
    },
  };
}
