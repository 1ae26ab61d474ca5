import { UtmqlError } from '../../errors.ts';
import { createRedactor } from '../../http-client/redactor.ts';

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

/** Shorter values are not redacted from our own texts: they would match parts of ordinary words. */
const minSecretLength = 4;

/** Redacts the values of variables that a source's settings name, its credentials, and the tokens obtained with them. */
export interface Secrets {
  /** Redacts `value` as `${NAME}` from now on. */
  add(name: string, value: string): void;
  /** Redacts `value` from what the source itself says: it may be a secret, or an ordinary word. */
  addForQuotes(name: string, value: string): void;
  /** Returns the text without secrets. */
  redact(text: string): string;
  /** Returns a text of the source itself without secrets, short ones included. */
  redactQuote(text: string): string;
  /** Returns the error without secrets in its message and causes. */
  redactError(error: unknown): unknown;
}

export function createSecrets(): Secrets {
  const everywhere = createRedactor();
  const inQuotes = createRedactor();
  const { redact } = everywhere;

  const redactCause = (cause: unknown, depth = 0): unknown => {
    if (!(cause instanceof Error) || depth === 5) return undefined;
    const plain = new Error(redact(cause.message), { cause: redactCause(cause.cause, depth + 1) });
    plain.name = cause.name;
    plain.stack = redact(cause.stack ?? '');
    return plain;
  };

  return {
    redact,
    redactQuote: (text) => inQuotes.redact(redact(text)),
    add(name, value) {
      if (value.length >= minSecretLength) everywhere.add(value, `\${${name}}`);
      else inQuotes.add(value, `\${${name}}`);
    },
    addForQuotes: (name, value) => inQuotes.add(value, `\${${name}}`, true),
    redactError(error) {
      if (!(error instanceof Error)) return error;
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
