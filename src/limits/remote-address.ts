import type { IncomingMessage } from 'node:http';
import { isIP, isIPv6 } from 'node:net';

/** Returns the address that identifies a caller. */
export type RemoteAddress = (request: IncomingMessage) => string;

/**
 * @param hops number of our own proxies in front of the server. Each appends the address of its client to X-Forwarded-For;
 *   entries before those can be forged. 0: the header is ignored.
 */
export const createRemoteAddress =
  (hops: number): RemoteAddress =>
  (request) => {
    const { remoteAddress = '' } = request.socket;
    if (hops === 0) return network(remoteAddress);
    const header = request.headers['x-forwarded-for'];
    const forwarded = typeof header === 'string' ? header.split(',').map(withoutPort) : [];
    const address = forwarded[Math.max(forwarded.length - hops, 0)];
    return network(address !== undefined && isIP(address) !== 0 ? address : remoteAddress);
  };

const withoutPort = (text: string): string =>
  text
    .trim()
    .replace(/^\[(.*)\](:\d+)?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');

/** Returns an IPv4 address, or the /64 network of an IPv6 address: its owner can use every address in it. */
function network(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.toLowerCase().replace(/%.*$/, '').split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const before = groups(head);
  const after = groups(tail ?? '');
  const gap = tail === undefined ? 0 : Math.max(8 - before.length - after.length, 0);
  const all = [...before, ...Array<string>(gap).fill('0'), ...after];
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
