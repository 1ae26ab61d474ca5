import type { IncomingMessage } from 'node:http';
import { isIP, isIPv6 } from 'node:net';

/** Tells by which address a caller is known. */
export type RemoteAddress = (request: IncomingMessage) => string;

/**
 * @param hops how many proxies of our own stand before us. Each adds to X-Forwarded-For the address that called it; what
 *   stands left of those, anybody can have written. 0: the header is not looked at.
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

/** An IPv4 address, or the /64 of an IPv6 one: whoever has one address there has them all. */
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
