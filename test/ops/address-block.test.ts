import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressBlock } from '../../src/ops/address-block.js';

test('an IPv4 address counts by itself', () => {
  expect(addressBlock('192.0.2.7')).toBe('192.0.2.7');
  expect(addressBlock('192.0.2.8')).not.toBe(addressBlock('192.0.2.7'));
});

test('an IPv4 address counts the same when a dual-stack socket reports it as IPv6', () => {
  expect(addressBlock('::ffff:192.0.2.7')).toBe('192.0.2.7');
  expect(addressBlock('::ffff:c000:207')).toBe('192.0.2.7');
});

test('an IPv6 address counts as its /64, however it is written', () => {
  expect(addressBlock('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(addressBlock('2001:0DB8:0001:0002::1')).toBe('2001:db8:1:2::/64');
  expect(addressBlock('2001:db8:1:3::1')).toBe('2001:db8:1:3::/64');
});

test('a zone does not make another block', () => {
  expect(addressBlock('fe80::1%eth0')).toBe(addressBlock('fe80::1'));
});

test('all hosts of one /64 share a block', () => {
  const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
  fc.assert(
    fc.property(fc.array(group, { minLength: 4, maxLength: 4 }), (host) => {
      expect(addressBlock(`2001:db8:1:2:${host.join(':')}`)).toBe('2001:db8:1:2::/64');
    }),
  );
});

test.each(['', 'nonsense', '[::1]', '192.0.2.7:443', '2001:db8::1/64'])(
  'what is no address shares one block: %j',
  (address) => {
    expect(addressBlock(address)).toBe('unknown');
  },
);
