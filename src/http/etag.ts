import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Coding } from './compression/accept-encoding.ts';

/** A strong validator: equal exactly when the bytes are. */
export const etagOf = (body: Buffer): string =>
  `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;

/** The validator of the body in a coding, whose bytes are others. */
export const etagIn = (etag: string, coding: Coding | undefined): string =>
  coding === undefined ? etag : `${etag.slice(0, -1)}-${coding}"`;

/**
 * Whether the caller already has what `etag` names. `If-None-Match` compares weakly: proxies that compress answers mark their
 * validators so.
 */
export const isKnown = ({ headers }: IncomingMessage, etag: string): boolean =>
  headers['if-none-match']?.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, ''))) ??
  false;
