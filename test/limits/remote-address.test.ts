import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { createRemoteAddress } from '../../src/limits/remote-address.ts';

const address = (hops: number, remoteAddress: string, forwarded?: string): string =>
  createRemoteAddress(hops)({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  } as unknown as IncomingMessage);

it.each([
  [0, '10.0.0.1', '1.1.1.1', '10.0.0.1'],
  [1, '10.0.0.1', '6.6.6.6, 1.1.1.1', '1.1.1.1'],
  [2, '10.0.0.1', '6.6.6.6, 1.1.1.1, 2.2.2.2', '1.1.1.1'],
  [3, '10.0.0.1', '1.1.1.1', '1.1.1.1'],
  [1, '10.0.0.1', undefined, '10.0.0.1'],
  [1, '10.0.0.1', 'nonsense', '10.0.0.1'],
  [1, '10.0.0.1', '1.1.1.1:5123', '1.1.1.1'],
  [1, '10.0.0.1', '[2001:db8::1]:5123', '2001:db8:0:0::/64'],
  [0, '::ffff:10.0.0.1', undefined, '10.0.0.1'],
  [0, '2001:db8:1:2:3:4:5:6', undefined, '2001:db8:1:2::/64'],
  [0, '2001:0db8:0001:0002::9', undefined, '2001:db8:1:2::/64'],
  [0, 'fe80::1%eth0', undefined, 'fe80:0:0:0::/64'],
  [0, '::1', undefined, '0:0:0:0::/64'],
])('%i proxies, from %s, forwarded for %s: %s', (hops, remote, forwarded, expected) => {
  expect(address(hops, remote, forwarded)).toBe(expected);
});
