const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'its host name was not found (DNS)',
  EAI_AGAIN: 'its host name could not be looked up, DNS does not answer',
  ECONNRESET: 'the connection was closed by the other side',
  EPIPE: 'the connection was closed by the other side',
  UND_ERR_SOCKET: 'the connection was closed by the other side',
  ECONNABORTED: 'the connection was closed by the other side',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'its network cannot be reached',
  UND_ERR_HEADERS_OVERFLOW: 'its headers are too long',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'its length is not the announced one',
  CERT_HAS_EXPIRED: 'its TLS certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its TLS certificate is for another host name',
};

/** Why a call failed, in words for the operator of the source. Never the error's own message, which can hold anything. */
export function failureReason(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined) return 'the connection failed';
  const known = reasons[code];
  if (known !== undefined) return known;
  if (code.startsWith('HPE_')) return 'what it sent is not HTTP';
  if (/CERT|SIGNATURE/.test(code)) return `its TLS certificate is not trusted (${code})`;
  if (/SSL|TLS|EPROTO/.test(code)) return `TLS failed (${code})`;
  return `the connection failed (${code})`;
}

/** The first code of an error, of the errors it gathers (a host with several addresses), or of its cause. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}

/** `1500` → `1.5 s`, `200` → `200 ms`. */
export const inWords = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`);
