import { readdirSync, readFileSync } from 'node:fs';

/** Linux's USER_HZ, which is 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

export interface ProcessStat {
  readonly parent: number;
  /** Processor seconds of the process with all its threads. */
  readonly own: number;
  /** Processor seconds of its children that have ended. */
  readonly ended: number;
}

/** `/proc/<pid>/stat` (proc(5)). The name in parentheses may itself hold spaces and parentheses. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) / TICKS_PER_SECOND;
  return { parent: Number(fields[1]), own: ticks(11), ended: ticks(13) };
}

function stat(pid: number | string): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Processor seconds so far of these processes. */
export const cpuOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + (stat(pid)?.own ?? 0), 0);

/** Processor seconds so far of a process and all its children, also of those that have ended. */
export function cpuOfFamily(pid: number): number {
  const self = stat(pid);
  let sum = (self?.own ?? 0) + (self?.ended ?? 0);
  for (const name of readdirSync('/proc')) {
    const child = /^\d+$/.test(name) ? stat(name) : undefined;
    if (child?.parent === pid) sum += child.own;
  }
  return sum;
}

const kibibytes = (file: string, name: string) =>
  Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0) * 1024;

/** The processes' resident memory (RSS), in bytes. */
export const memoryOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + kibibytes(`/proc/${pid}/status`, 'VmRSS'), 0);

/** Of one process: what it shares with others is counted in part (PSS), in bytes. */
export const proportionalMemoryOf = (pid: number): number => kibibytes(`/proc/${pid}/smaps_rollup`, 'Pss');

/** Busy processor seconds of the whole machine, from the text of `/proc/stat` (proc(5)); also what the hypervisor took. */
export function parseMachine(text: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (
    /^cpu +(.*)$/m.exec(text)?.[1] ?? ''
  )
    .split(' ')
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

export const cpuOfMachine = (): number => parseMachine(readFileSync('/proc/stat', 'utf8'));
