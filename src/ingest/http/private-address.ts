import { BlockList, isIP } from 'node:net';

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
