import { type LookupAddress, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Agent, type Dispatcher } from 'undici';

const inside = new BlockList();
// This host, private networks, carrier NAT, loopback, link-local (and the metadata services of clouds), protocol
// assignments, benchmarking, multicast, reserved: RFC 6890 and the IANA registry behind it.
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  inside.addSubnet(network, prefix, 'ipv4');
// Loopback, IPv4 in IPv6 (compatible, NAT64, 6to4), unique local, link-local, site-local, multicast. Mapped ones
// (::ffff:127.0.0.1) are judged as the IPv4 address that they are.
for (const [network, prefix] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  inside.addSubnet(network, prefix, 'ipv6');

/** Whether an IP address belongs to this machine or a network that is not the public one. What is no address counts as such. */
export function isPrivateAddress(address: string): boolean {
  const plain = address.replace(/^\[|\]$|%.*$/g, '');
  const family = isIP(plain);
  return family === 0 || inside.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

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
export interface SourceDispatchers {
  readonly configured: Dispatcher;
  /** @throws Error with `privateAddressCode` for an address that is written as a private one */
  pointedTo(url: URL): Dispatcher;
}

export function createSourceDispatchers(options: {
  configured: URL;
  timeoutMs: number;
  /** Whether a public source may point into a private network. */
  mayLeadInside: boolean;
  network: Network;
}): SourceDispatchers {
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
