import { expect, test } from '@jest/globals';
import { freshUntil } from '../../../src/oauth/client-documents/cache-life.js';

const NOW = new Date('2026-10-01T12:00:00Z');
const seconds = (headers: Record<string, string>) =>
  (freshUntil(new Headers(headers), NOW).getTime() - NOW.getTime()) / 1000;
const at = (offset: number) => new Date(NOW.getTime() + offset * 1000).toUTCString();

test.each([
  ['nothing is an hour', {}, 3600],
  ['nothing that we know is an hour', { 'cache-control': 'public, immutable' }, 3600],
  ['max-age counts', { 'cache-control': 'public, max-age=300' }, 300],
  ['names have no case and values may be quoted', { 'cache-control': 'Max-Age="300"' }, 300],
  ['the time in caches on the way counts', { 'cache-control': 'max-age=300', age: '100' }, 200],
  ['a broken age does not', { 'cache-control': 'max-age=300', age: 'x' }, 300],
  ['the first of two counts', { 'cache-control': 'max-age=300, max-age=900' }, 300],
  ['a minute is the least', { 'cache-control': 'max-age=5' }, 60],
  ['a minute is the least of what is old', { 'cache-control': 'max-age=300', age: '900' }, 60],
  ['no-store is a minute', { 'cache-control': 'no-store, max-age=900' }, 60],
  ['no-cache is a minute', { 'cache-control': 'max-age=900, no-cache' }, 60],
  ['a negative max-age is a minute', { 'cache-control': 'max-age=-1' }, 60],
  ['a broken max-age is a minute', { 'cache-control': 'max-age=soon' }, 60],
  ['a day is the most', { 'cache-control': 'max-age=31536000' }, 86_400],
  ['an absurd max-age is a minute or a day', { 'cache-control': 'max-age=9999999999' }, 86_400],
  ['Expires counts', { expires: at(600) }, 600],
  ['Expires counts from the Date of the sender', { expires: at(-3000), date: at(-3600) }, 600],
  ['Expires counts less its Age', { expires: at(600), age: '200' }, 400],
  ['max-age goes before Expires', { 'cache-control': 'max-age=120', expires: at(600) }, 120],
  ['a broken Expires is a minute', { expires: '0' }, 60],
  ['a past Expires is a minute', { expires: at(-600) }, 60],
  ['a far Expires is a day', { expires: at(9e8) }, 86_400],
])('%s', (_name, headers, expected) => {
  expect(seconds(headers as Record<string, string>)).toBe(expected);
});
