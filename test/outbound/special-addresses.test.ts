import { expect, test } from '@jest/globals';
import { specialUse } from '../../src/outbound/special-addresses.js';

test.each([
  ['0.0.0.0', 'unspecified'],
  ['0.1.2.3', 'unspecified'],
  ['10.0.0.1', 'private'],
  ['100.64.0.1', 'carrierGradeNat'],
  ['100.100.100.200', 'carrierGradeNat'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['169.254.169.254', 'linkLocal'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.0.0.1', 'reserved'],
  ['192.0.2.1', 'reserved'],
  ['192.31.196.1', 'as112'],
  ['192.52.193.1', 'amt'],
  ['192.88.99.1', 'reserved'],
  ['192.168.0.1', 'private'],
  ['192.175.48.1', 'as112'],
  ['198.18.0.1', 'reserved'],
  ['198.19.255.255', 'reserved'],
  ['198.51.100.1', 'reserved'],
  ['203.0.113.1', 'reserved'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.255', 'multicast'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.255', 'broadcast'],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['fc00::1', 'uniqueLocal'],
  ['fd00:ec2::254', 'uniqueLocal'],
  ['fe80::1', 'linkLocal'],
  ['fe80::1%1', 'linkLocal'],
  ['fec0::1', 'deprecatedSiteLocal'],
  ['ff02::1', 'multicast'],
  ['100::1', 'discard'],
  ['2001:db8::1', 'reserved'],
  ['2001:2::1', 'benchmarking'],
  ['2001:10::1', 'deprecatedOrchid'],
  ['2001:100::1', 'reserved'],
  ['3fff::1', 'reserved'],
  ['5f00::1', 'segmentRouting'],
  ['2620:4f:8000::1', 'as112v6'],
  ['4000::1', 'unallocated'],
])('%s is special: %s', (address, kind) => {
  expect(specialUse(address)).toBe(kind);
});

test.each([
  ['::ffff:127.0.0.1', 'ipv4Mapped of loopback'],
  ['::ffff:7f00:1', 'ipv4Mapped of loopback'],
  ['::ffff:169.254.169.254', 'ipv4Mapped of linkLocal'],
  ['2002:0a00:0001::1', '6to4 of private'],
  ['2002:7f00:0001::', '6to4 of loopback'],
  ['64:ff9b::10.0.0.1', 'rfc6052 of private'],
  ['64:ff9b::169.254.169.254', 'rfc6052 of linkLocal'],
  ['64:ff9b:1::8.8.8.8', 'rfc6052'],
  ['2001:0:7f00:1::', 'teredo of loopback'],
  ['2001:0:808:808:0:0:80ff:fffe', 'teredo of loopback'],
  ['::127.0.0.1', 'unallocated'],
  ['::10.0.0.1', 'unallocated'],
  ['::8.8.8.8', 'unallocated'],
  ['::ffff:0:127.0.0.1', 'rfc6145'],
])('%s is judged by the address that it wraps: %s', (address, kind) => {
  expect(specialUse(address)).toBe(kind);
});

test.each([
  '1.1.1.1',
  '8.8.8.8',
  '11.0.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '126.255.255.255',
  '128.0.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '192.169.0.1',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450:4001:80b::200e',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '2002:808:808::1',
])('%s is of the public internet', (address) => {
  expect(specialUse(address)).toBeUndefined();
});

test.each(['', '127.1', '2130706433', '0x7f.0.0.1', '0177.0.0.1', 'localhost', '[::1]', '1.2.3.4.5'])(
  '%p is no address, and so not public',
  (text) => {
    expect(specialUse(text)).toBe('not an address');
  },
);
