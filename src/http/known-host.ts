import type { IncomingMessage } from 'node:http';

/** Whether a request is for us, by the name that it calls us. */
export type KnownHost = (request: Pick<IncomingMessage, 'headers'>) => boolean;

const thisMachine = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Knows this machine and `host`, with any port. For where nobody logs in: another site could let its own name lead here, and
 * the browser would take us for it (DNS rebinding). Programs that name no host are no browsers.
 */
export const createKnownHost =
  (host: string): KnownHost =>
  ({ headers }) => {
    if (headers.host === undefined) return true;
    const name = headers.host.toLowerCase().replace(/:\d*$/, '');
    return name === host.toLowerCase() || thisMachine.test(name);
  };

/** Where callers log in, a name gives nothing away. */
export const anyHost: KnownHost = () => true;
