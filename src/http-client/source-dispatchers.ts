import { type LookupAddress, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Agent, type Dispatcher } from 'undici';

const privateNetworks = new BlockList();
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
  privateNetworks.addSubnet(network, prefix, 'ipv4');
// Loopback, IPv4 in IPv6 (compatible, NAT64, 6to4), unique local, link-local, site-local, multicast. A mapped address
// (::ffff:127.0.0.1) is checked as its IPv4 address.
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
  privateNetworks.addSubnet(network, prefix, 'ipv6');

/** Whether an IP address belongs to this machine or to a private network. True for text that is not an IP address. */
export function isPrivateAddress(address: string): boolean {
  const plain = address.replace(/^\[|\]$|%.*$/g, '');
  const family = isIP(plain);
  return family === 0 || privateNetworks.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

/** Name resolution and address checks, so that tests can replace them. */
export interface Network {
  /** Returns all addresses of a name. */
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

/** The code of the error for a private address that a public source refers to. */
export const privateAddressCode = 'UTMQL_PRIVATE_ADDRESS';

/**
 * The dispatchers for requests to one source. The operator sets the configured address, which may be anywhere. An address from a
 * response (a redirect, a link to the next page) must not lead from a public source into a private network, neither as a literal
 * address nor by what its name resolves to. The check is part of the connection, which uses only addresses that were checked.
 */
export interface SourceDispatchers {
  readonly configured: Dispatcher;
  /** @throws Error with `privateAddressCode` for a literal private address */
  pointedTo(url: URL): Dispatcher;
}

export function createSourceDispatchers(options: {
  configured: URL;
  timeoutMs: number;
  /** Whether a public source may refer to a private address. */
  allowsPrivateAddresses: boolean;
  network: Network;
}): SourceDispatchers {
  const { configured, timeoutMs: timeout, allowsPrivateAddresses, network } = options;
  const isPrivateLiteral = ({ hostname }: URL): boolean => {
    // The hostname as the WHATWG parser returns it: 2130706433 and 0177.1 are already 127.0.0.1, and IPv6 is in brackets.
    const host = hostname.replace(/^\[|\]$/g, '');
    return isIP(host) !== 0 && network.isPrivate(host);
  };
  /** Whether the configured address is in a private network, by its latest resolution. */
  let isConfiguredPrivate = isPrivateLiteral(configured);

  const unrestricted = new Agent({
    connect: {
      timeout,
      lookup: lookupWith(network, (addresses) => {
        isConfiguredPrivate = addresses.some(({ address }) => network.isPrivate(address));
      }),
    },
  });
  const publicOnly = new Agent({
    connect: {
      timeout,
      lookup: lookupWith(network, (addresses) => {
        if (addresses.some(({ address }) => network.isPrivate(address))) throw privateAddress();
      }),
    },
  });
  return {
    configured: unrestricted,
    pointedTo(url) {
      if (allowsPrivateAddresses || isConfiguredPrivate) return unrestricted;
      if (isPrivateLiteral(url)) throw privateAddress();
      return publicOnly;
    },
  };
}

const privateAddress = (): Error =>
  Object.assign(new Error('The address leads into a private network.'), { code: privateAddressCode });

/** Returns a lookup function for Node that uses `network`. `check` may throw. */
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
