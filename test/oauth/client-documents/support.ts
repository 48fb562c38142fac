import { Clock } from '../../../src/crypto/clock.js';
import type { DocumentStore, StoredDocument } from '../../../src/oauth/client-documents/client-documents.js';

export class MovedClock extends Clock {
  private time = Date.parse('2026-10-01T12:00:00Z');

  override now(): Date {
    return new Date(this.time);
  }

  pass(seconds: number): void {
    this.time += seconds * 1000;
  }
}

export class MemoryStore implements DocumentStore {
  readonly kept = new Map<string, StoredDocument>();

  find(url: string): Promise<StoredDocument | undefined> {
    return Promise.resolve(this.kept.get(url));
  }

  save(url: string, stored: StoredDocument): Promise<void> {
    this.kept.set(url, stored);
    return Promise.resolve();
  }
}

/** A stand-in for the real policy of redirect URIs. */
export const redirectUriProblem = (uri: string): string | undefined =>
  /^(?:https:\/\/|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])[:/])/.test(uri) ? undefined : 'is not allowed';
