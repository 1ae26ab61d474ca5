/** The content codings that answers can have, the better one first. */
const codings = ['br', 'gzip'] as const;

export type Coding = (typeof codings)[number];

/** What a caller wants of content codings. */
interface CodingChoice {
  /** The best of ours; undefined: none. */
  readonly coding: Coding | undefined;
  /** The answer must be in a coding, however short it is. */
  readonly refusesIdentity: boolean;
}

const member = /^([\w*-]+)\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?$/i;

/**
 * What the header `Accept-Encoding` asks for (RFC 9110, 12.5.3). Members that are malformed are passed over. Without the header
 * there is no coding: who says nothing may understand none. Who accepts neither ours nor none gets none, as the RFC allows.
 */
export function chooseCoding(header: string | undefined): CodingChoice {
  if (header === undefined) return { coding: undefined, refusesIdentity: false };
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(',')) {
    const [, name, weight = '1'] = member.exec(part.trim()) ?? [];
    if (name !== undefined) weights.set(name === 'x-gzip' ? 'gzip' : name, Number(weight));
  }
  const others = weights.get('*');
  const weightOf = (coding: Coding): number => weights.get(coding) ?? others ?? 0;
  const best = codings.reduce((one, other) => (weightOf(other) > weightOf(one) ? other : one));
  const weight = weightOf(best);
  const isIdentityBetter = (weights.get('identity') ?? 0) > weight;
  const coding = weight > 0 && !isIdentityBetter ? best : undefined;
  return { coding, refusesIdentity: (weights.get('identity') ?? others) === 0 };
}
