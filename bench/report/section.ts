import type { Target } from './targets.js';

/** The order in which a results page has them. */
export const SECTIONS = [
  'operations',
  'two-processes',
  'authentication',
  'storm',
  'start',
  'growth',
] as const;
export type SectionName = (typeof SECTIONS)[number];

/** What one part of a run found, as it stands in the page until that part is run again. */
export interface Section {
  readonly title: string;
  readonly command: string;
  readonly date: string;
  readonly machine: readonly string[];
  readonly targets: readonly Target[];
  /** Markdown. */
  readonly body: string;
}
export type Sections = Partial<Record<SectionName, Section>>;
