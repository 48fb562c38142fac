import type { Profiler } from 'node:inspector';

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
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const titles = new Map<number, string | undefined>();
  const works = new Map<number, boolean>();
  // A parent stands before its children.
  for (const { id, callFrame, children = [] } of nodes) {
    const own = frames.find(
      ({ functionName, file }) => callFrame.functionName === functionName && callFrame.url.endsWith(file),
    );
    titles.set(id, titles.get(id) ?? own?.title);
    works.set(id, !NO_WORK.includes(callFrame.functionName));
    for (const child of children) titles.set(child, titles.get(id));
  }
  const under = Object.fromEntries(frames.map(({ title }) => [title, 0]));
  let busy = 0;
  samples.forEach((id, index) => {
    const micros = timeDeltas[index] ?? 0;
    if (!byId.has(id) || works.get(id) !== true) return;
    busy += micros;
    const title = titles.get(id);
    if (title !== undefined) under[title] = (under[title] ?? 0) + micros;
  });
  return { busy, under };
}
