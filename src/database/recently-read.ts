import { LRUCache } from 'lru-cache';

/**
 * Rows read a moment ago, for reads of the same few on every request. Each is read again after `maxAgeMs`, so that what
 * another replica changed is felt within it; what this one changes is forgotten at once. Absences are not kept.
 */
export class RecentlyRead<Row extends object> {
  private readonly rows: LRUCache<string, Row>;
  private readonly reading = new Map<string, Promise<Row | undefined>>();

  constructor(
    private readonly read: (key: string) => Promise<Row | undefined>,
    maxAgeMs: number,
    most: number,
  ) {
    this.rows = new LRUCache({ max: most, ttl: maxAgeMs });
  }

  get(key: string): Row | undefined | Promise<Row | undefined> {
    return this.rows.get(key) ?? this.reading.get(key) ?? this.readNow(key);
  }

  /** What is being read right now may be from before the change, so it is not kept either. */
  forget(key: string): void {
    this.rows.delete(key);
    this.reading.delete(key);
  }

  private readNow(key: string): Promise<Row | undefined> {
    const reading = this.read(key)
      .then((row) => {
        if (row && this.reading.get(key) === reading) this.rows.set(key, row);
        return row;
      })
      .finally(() => {
        if (this.reading.get(key) === reading) this.reading.delete(key);
      });
    this.reading.set(key, reading);
    return reading;
  }
}
