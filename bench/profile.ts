import type { Profiler } from 'node:inspector';

export const MICROS_BETWEEN_SAMPLES = 150;

/** A function whose time is asked for, with all that it calls. */
export interface Frame {
  readonly title: string;
  readonly functionName: string;
  /** How the address of its file ends. */
  readonly file: string;
}

/** Microseconds of a thread. */
export interface Spent {
  /** In all it did. Not the collector's: V8 does not say for whom it collects. */
  readonly busy: number;
  /** By the title of each frame. */
  readonly under: Readonly<Record<string, number>>;
}

const NO_WORK = ['(idle)', '(garbage collector)', '(root)'];

/** What a profile by V8 says of these functions. Where one calls another, the outer has it. */
export function spentUnder(profile: Profiler.Profile, frames: readonly Frame[]): Spent {
  const { nodes, samples = [], timeDeltas = [] } = profile;
  const working = new Set<number>();
  const titles = new Map<number, string>();
  // A parent stands before its children.
  for (const { id, callFrame, children = [] } of nodes) {
    if (!NO_WORK.includes(callFrame.functionName)) working.add(id);
    const own = frames.find(
      ({ functionName, file }) => callFrame.functionName === functionName && callFrame.url.endsWith(file),
    );
    const title = titles.get(id) ?? own?.title;
    if (title !== undefined) for (const one of [id, ...children]) titles.set(one, title);
  }
  const under = Object.fromEntries(frames.map(({ title }) => [title, 0]));
  let busy = 0;
  samples.forEach((id, index) => {
    if (!working.has(id)) return;
    const micros = timeDeltas[index] ?? 0;
    busy += micros;
    const title = titles.get(id);
    if (title !== undefined) under[title] = (under[title] ?? 0) + micros;
  });
  return { busy, under };
}
