import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a token says: which link it is, and until when. */
export interface ShareClaim {
  readonly linkId: string;
  /** Epoch milliseconds, in whole seconds. */
  readonly expiresAt: number;
}

/**
 * `<id of the link>.<expiry in epoch seconds>.<HMAC-SHA256 in base64url>`. Whoever has it can open the link; it is not stored.
 */
export interface ShareTokens {
  sign(claim: ShareClaim): string;
  /** Returns what a token says; undefined if it is malformed or forged, or has expired. */
  read(token: string, now: number): ShareClaim | undefined;
}

const form = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(\d{1,11})\.([\w-]{43})$/;

/** @param secret of all processes that answer each other's links */
export function createShareTokens(secret: string): ShareTokens {
  // Keeps signatures apart from those of anything else that the secret may be used for.
  const signatureOf = (claim: string): string =>
    createHmac('sha256', secret).update(`utmql share link ${claim}`).digest('base64url');
  return {
    sign({ linkId, expiresAt }) {
      const claim = `${linkId}.${expiresAt / 1_000}`;
      return `${claim}.${signatureOf(claim)}`;
    },
    read(token, now) {
      const [, linkId = '', seconds = '', signature] = form.exec(token) ?? [];
      if (signature === undefined) return undefined;
      // As text: base64url has several texts for the same bytes.
      const right = signatureOf(`${linkId}.${seconds}`);
      if (!timingSafeEqual(Buffer.from(signature), Buffer.from(right))) return undefined;
      const expiresAt = Number(seconds) * 1_000;
      return expiresAt > now ? { linkId, expiresAt } : undefined;
    },
  };
}
