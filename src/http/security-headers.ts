import type { IncomingMessage, ServerResponse } from 'node:http';

/** For whatever is not shown as a page, and for pages without scripts and styles. */
const strictPolicy = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const always: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Content-Security-Policy': strictPolicy,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * Lets pages of these origins, and of no other, show an answer in a frame. Without any, nobody may, as always.
 *
 * @param policy of the page, which forbids it
 * @returns the policy to send
 */
export function allowFraming(response: ServerResponse, origins: readonly string[], policy: string): string {
  if (origins.length === 0) return policy;
  // It knows no origins, and browsers heed it only where the policy does not name any.
  response.removeHeader('X-Frame-Options');
  return policy.replace("frame-ancestors 'none'", `frame-ancestors ${origins.join(' ')}`);
}

/** A year: what browsers’ lists ask for. */
const strictTransport = 'max-age=31536000';

/** Tells browsers what they must not do with an answer. A page with scripts replaces the policy by its own. */
export function setSecurityHeaders(request: IncomingMessage, response: ServerResponse): void {
  for (const name in always) response.setHeader(name, always[name] ?? '');
  if (request.headers['x-forwarded-proto'] === 'https')
    response.setHeader('Strict-Transport-Security', strictTransport);
}
