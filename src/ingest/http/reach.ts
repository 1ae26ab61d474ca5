import { type LookupAddress, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, type Dispatcher } from 'undici';
import { isPrivateAddress } from './private-address.ts';

/** The network as it is seen from here. */
export interface Network {
  /** All addresses of a name. */
  resolve(hostname: string): Promise<readonly LookupAddress[]>;
  isPrivate(address: string): boolean;
}

export const systemNetwork: Network = {
  resolve: (hostname) =>
    new Promise((resolve, reject) => {
      lookup(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
    }),
  isPrivate: isPrivateAddress,
};

/** The code of the error where an address that a source points to is not followed for where it leads. */
export const privateAddressCode = 'UTMQL_PRIVATE_ADDRESS';

/**
 * Where a source may be asked. Its configured address is the operator's word and may be anywhere. An address that its answers
 * point to (a redirect, a link to the next page) must not lead from a public source into a private network: not by its name,
 * not by what the name resolves to at that moment. The check is made by the connection itself, which goes to no other
 * address than the one that was checked.
 */
export interface Reach {
  readonly configured: Dispatcher;
  /** @throws Error with `privateAddressCode` for an address that is written as a private one */
  pointedTo(url: URL): Dispatcher;
}

export function createReach(options: {
  configured: URL;
  timeoutMs: number;
  /** Whether a public source may point into a private network. */
  mayLeadInside: boolean;
  network: Network;
}): Reach {
  const { configured, timeoutMs: timeout, mayLeadInside, network } = options;
  const isPrivateLiteral = ({ hostname }: URL): boolean => {
    // What WHATWG's parser has left: 2130706433 and 0177.1 are 127.0.0.1 by now, and IPv6 stands in brackets.
    const host = hostname.replace(/^\[|\]$/g, '');
    return isIP(host) !== 0 && network.isPrivate(host);
  };
  /** Whether the configured address is in a private network itself, by the newest that is known of it. */
  let isInside = isPrivateLiteral(configured);

  const own = new Agent({
    connect: {
      timeout,
      lookup: lookupWith(network, (addresses) => {
        isInside = addresses.some(({ address }) => network.isPrivate(address));
      }),
    },
  });
  const outside = new Agent({
    connect: {
      timeout,
      lookup: lookupWith(network, (addresses) => {
        if (addresses.some(({ address }) => network.isPrivate(address))) throw privateAddress();
      }),
    },
  });
  return {
    configured: own,
    pointedTo(url) {
      if (mayLeadInside || isInside) return own;
      if (isPrivateLiteral(url)) throw privateAddress();
      return outside;
    },
  };
}

const privateAddress = (): Error =>
  Object.assign(new Error('The address leads into a private network.'), { code: privateAddressCode });

/** Node's lookup, by the network's; `check` may throw. */
function lookupWith(network: Network, check: (addresses: readonly LookupAddress[]) => void): LookupFunction {
  const find = async (hostname: string): Promise<LookupAddress[]> => {
    const addresses = await network.resolve(hostname);
    check(addresses);
    return [...addresses];
  };
  return (hostname, { all, family }, callback) => {
    find(hostname).then(
      (addresses) => {
        if (all) return callback(null, addresses);
        const first = addresses.find((known) => !family || known.family === family) ?? addresses[0];
        callback(null, first?.address ?? '', first?.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}
