import { randomToken } from '../crypto/digest.js';

/** The prefix lets secret scanners find a leaked one. */
const PREFIX = 'tgr_';
const SHAPE = /^tgr_[A-Za-z0-9_-]{43}$/;

/** 256 random bits. */
export const newRefreshToken = (): string => PREFIX + randomToken();

/** A refresh token from 256 bits in base64url. */
export const refreshTokenOf = (bits: string): string => PREFIX + bits;

export const looksLikeRefreshToken = (text: string): boolean => SHAPE.test(text);
