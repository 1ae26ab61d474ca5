import { createHmac } from 'node:crypto';

const prefix = 'whsec_';
/** Shorter keys can be guessed. */
const leastBytes = 24;

/** What is signed and sent. */
export interface WebhookMessage {
  /** Equal for all attempts to send it, so that a receiver counts it once. */
  readonly id: string;
  /** JSON. */
  readonly body: string;
}

/**
 * Returns the bytes of a secret's key: of `whsec_` and base64 what that stands for, of any other text its bytes in UTF-8. Undefined
 * if it is no key: base64 that is none, or fewer than 24 bytes.
 */
export function keyOfSecret(secret: string): Buffer | undefined {
  const key = secret.startsWith(prefix) ? readBase64(secret.slice(prefix.length)) : Buffer.from(secret);
  return key !== undefined && key.length >= leastBytes ? key : undefined;
}

const readBase64 = (text: string): Buffer | undefined =>
  text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;

/**
 * Returns the headers that prove a message: those of Standard Webhooks, with a signature for each key, and `x-signature`, the
 * HMAC-SHA256 of the body alone by the first key, in hex.
 *
 * @param keys at least one
 * @param seconds of the attempt, since 1970
 */
export function signedHeaders(
  { id, body }: WebhookMessage,
  keys: readonly Buffer[],
  seconds: number,
): Readonly<Record<string, string>> {
  const content = `${id}.${seconds}.${body}`;
  const signatures = keys.map((key) => `v1,${createHmac('sha256', key).update(content).digest('base64')}`);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatures.join(' '),
    'x-signature': createHmac('sha256', keys[0] ?? '')
      .update(body)
      .digest('hex'),
  };
}
