import { createRequire } from 'node:module';
import type * as Library from 'rate-limiter-flexible';

const require = createRequire(import.meta.url);

/*
 * What is used of rate-limiter-flexible, under its own names: the library's index loads a limiter for every kind of store,
 * and node:cluster; and keeps to itself what a store of one's own is made of.
 */
export const RateLimiterStoreAbstract =
  require('rate-limiter-flexible/lib/RateLimiterStoreAbstract.js') as typeof Library.RateLimiterStoreAbstract;

export const RateLimiterRes =
  require('rate-limiter-flexible/lib/RateLimiterRes.js') as typeof Library.RateLimiterRes;
export type RateLimiterRes = Library.RateLimiterRes;
