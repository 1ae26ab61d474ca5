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

/** A year: what browsers’ lists ask for. */
const strictTransport = 'max-age=31536000';

/** Tells browsers what they must not do with an answer. A page with scripts replaces the policy by its own. */
export function setSecurityHeaders(request: IncomingMessage, response: ServerResponse): void {
  for (const name in always) response.setHeader(name, always[name] ?? '');
  if (request.headers['x-forwarded-proto'] === 'https')
    response.setHeader('Strict-Transport-Security', strictTransport);
}
