import type { Attack } from './attacks.ts';

const longestBody = 1_048_576;
/** Of all headers together Node takes 16 kB. */
const longestHeader = 6_000;
const odd = [
  '{',
  '}',
  '[',
  ']',
  '(',
  ')',
  '"',
  '\\',
  ',',
  ':',
  '$',
  '...',
  '@',
  '!',
  '\n',
  ' ',
  '\0',
  'ä',
  '💶',
  '0',
  '-1',
  '1e309',
  'null',
  'true',
  '""',
  '\\u0000',
  '__proto__',
  'constructor',
  '%',
  "'",
  ';',
  '\t',
  '=',
  '/*',
  '--',
];
const headerNames = [
  'content-type',
  'accept',
  'cookie',
  'x-workspace',
  'x-request-id',
  'idempotency-key',
  'if-none-match',
  'x-forwarded-for',
  'traceparent',
  'origin',
  'accept-encoding',
  'content-encoding',
  'authorization',
  'graphql-preflight',
];

/** Changes requests: the same random numbers give the same requests. */
export function createFuzzer(random: () => number, attacks: readonly Attack[]): () => Attack {
  const below = (count: number): number => Math.floor(random() * count);
  const pick = <T>(from: readonly T[]): T | undefined => from[below(from.length)];

  const junk = (longest: number): string => {
    const pieces = Array.from({ length: 1 + below(4) }, () => pick(odd) ?? '').join('');
    return pieces.repeat(1 + below(Math.max(1, Math.floor(longest / Math.max(1, pieces.length)))));
  };
  const inText = (text: string): string => {
    const at = below(text.length + 1);
    const to = Math.min(text.length, at + below(1 + below(2_000)));
    const slice = text.slice(at, to);
    switch (below(5)) {
      case 0:
        return text.slice(0, at) + text.slice(to);
      case 1:
        return text.slice(0, at) + (pick(odd) ?? '') + text.slice(to);
      case 2:
        return text.slice(0, at) + junk(below(200_000)) + text.slice(at);
      case 3:
        return text.slice(0, to) + slice.repeat(1 + below(500)) + text.slice(to);
      default:
        return text.slice(0, at);
    }
  };
  const inBytes = (bytes: Buffer): Buffer => {
    const changed = Buffer.from(bytes);
    for (let times = 1 + below(8); times > 0; times--) changed[below(changed.length)] = below(256);
    return random() < 0.3 ? changed.subarray(0, below(changed.length)) : changed;
  };
  /** What HTTP lets stand in a header. */
  const headerValue = (): string => junk(below(longestHeader)).replace(/[^\t\x20-\x7e]/g, '?');
  /** Values of JSON in places where others were. */
  const inVariables = (body: string): string => {
    try {
      const parsed = JSON.parse(body) as { variables?: Record<string, unknown> };
      const names = [...Object.keys(parsed.variables ?? {}), pick(odd) ?? ''];
      const value = [
        junk(1_000),
        below(1e9) - 5e8,
        null,
        [],
        {},
        [[[junk(50)]]],
        Array.from({ length: below(20_000) }, () => below(10)),
        { in: junk(10_000).split('') },
        { or: [{ not: { or: [] } }] },
      ];
      return JSON.stringify({
        ...parsed,
        variables: { ...parsed.variables, [pick(names) ?? '']: pick(value) },
      });
    } catch {
      return inText(body);
    }
  };

  return () => {
    const attack = pick(attacks);
    if (attack === undefined) throw new Error('there is nothing to change');
    let { body = '', headers = {}, path, method } = attack;
    for (let times = 1 + below(3); times > 0; times--) {
      const way = random();
      if (way < 0.2) headers = { ...headers, [pick(headerNames) ?? '']: headerValue() };
      else if (way < 0.25) path = `${path ?? '/graphql'}?${encodeURIComponent(junk(3_000)).slice(0, 8_000)}`;
      else if (way < 0.27) method = pick(['PUT', 'GET', 'DELETE', 'OPTIONS']);
      else if (typeof body !== 'string') body = inBytes(body);
      else body = way < 0.55 ? inVariables(body) : inText(body);
    }
    return {
      name: `changed: ${attack.name}`,
      times: 1,
      headers,
      body: method === undefined ? body.slice(0, longestBody) : '',
      ...(path === undefined ? {} : { path }),
      ...(method === undefined ? {} : { method }),
    };
  };
}
