/** Why a call failed, for the operator of the source. */
export interface FailureCause {
  /** Why the call failed, in words that follow a colon. */
  readonly reason: string;
  /** What to do besides a retry, as a sentence. */
  readonly advice?: string;
  /** True if a retry cannot succeed until someone follows the advice. */
  readonly lasts?: true;
}

const closed = 'the connection was closed by the other side';
const timedOut: FailureCause = {
  reason: 'the connection timed out',
  advice: 'Check that its address can be reached from here, through firewalls too.',
};

const causes: Readonly<Record<string, FailureCause>> = {
  ECONNREFUSED: { reason: 'connection refused', advice: 'Check that it runs, and the port in its address.' },
  ENOTFOUND: { reason: 'its host name was not found (DNS)', advice: 'Check the host name in its address.' },
  EAI_AGAIN: {
    reason: 'its host name could not be looked up, DNS does not answer',
    advice: 'Check the name server of this machine.',
  },
  ECONNRESET: { reason: closed },
  EPIPE: { reason: closed },
  UND_ERR_SOCKET: { reason: closed },
  ECONNABORTED: { reason: closed },
  ETIMEDOUT: timedOut,
  UND_ERR_CONNECT_TIMEOUT: timedOut,
  EHOSTUNREACH: { ...timedOut, reason: 'its host cannot be reached' },
  ENETUNREACH: { ...timedOut, reason: 'its network cannot be reached' },
  UND_ERR_HEADERS_OVERFLOW: {
    reason: 'its headers are too long',
    advice: 'Check that its address returns records.',
    lasts: true,
  },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: { reason: 'its body does not have the length in Content-Length' },
  CERT_HAS_EXPIRED: {
    reason: 'its TLS certificate has expired',
    advice: 'Have the certificate renewed, or check the clock of this machine.',
    lasts: true,
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    reason: 'its TLS certificate is for another host name',
    advice: 'Check the host name in its address.',
    lasts: true,
  },
};

/** Returns why a call failed and what to do. It never contains the message of the error, which can hold anything. */
export function failureCause(error: unknown): FailureCause {
  const code = errorCodeOf(error);
  if (code === undefined) return { reason: 'the connection failed' };
  const known = causes[code];
  if (known !== undefined) return known;
  const advice = 'Check the port in its address, and whether it is http or https.';
  if (code.startsWith('HPE_')) return { reason: 'its response is not HTTP', advice, lasts: true };
  if (/CERT|SIGNATURE/.test(code)) {
    return {
      reason: `its TLS certificate is not trusted (${code})`,
      advice: 'Name the authority that signed it in NODE_EXTRA_CA_CERTS.',
      lasts: true,
    };
  }
  if (/SSL|TLS|EPROTO/.test(code)) return { reason: `TLS failed (${code})`, advice, lasts: true };
  return { reason: `the connection failed (${code})` };
}

/** Returns the code of an error, else that of its first inner error (a host with several addresses) or of its cause. */
export function errorCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError && error.errors.length > 0) return errorCodeOf(error.errors[0]);
  return errorCodeOf(error.cause);
}

/** Formats milliseconds: `1500` → `1.5 s`, `200` → `200 ms`. */
export const formatDuration = (ms: number): string =>
  ms < 1_000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`;
