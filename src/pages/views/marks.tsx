import type { ComponentChildren } from 'preact';
import type { ToolKind } from './consent-props.js';

/** The drawings. Each stands beside words that say the same, so all are hidden from screen readers. */
function Drawing({ children, size = 20 }: { children: ComponentChildren; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      focusable="false"
      viewBox="0 0 20 20"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
    >
      {children}
    </svg>
  );
}

export type GateState = 'open' | 'half' | 'shut';

const GRATINGS: Record<GateState, string> = {
  open: 'M7 4.2v1.6M10 3.4v2.4M13 4.2v1.6M5.5 5.8h9',
  half: 'M7 4.2v8.3M10 3.4v9.8M13 4.2v8.3M4 9h12',
  shut: 'M7 4.2v14M10 3.4v14.8M13 4.2v14M3.6 8h12.8M3 13h14',
};

/** An arch with a grating: half lifted where one still decides, open or shut where it is decided. */
export const Gate = ({ state = 'half', size = 26 }: { state?: GateState; size?: number }) => (
  <Drawing size={size}>
    <path d="M2.5 18.2V9.8a7.5 7.5 0 0 1 15 0v8.4" />
    <path d={GRATINGS[state]} stroke-width="1.3" />
  </Drawing>
);

/** How it ended, above the heading that says so. */
export const Ending = ({ gate }: { gate: GateState }) => (
  <p class={`ending ${gate}`}>
    <Gate state={gate} size={60} />
  </p>
);

export const Warning = () => (
  <Drawing>
    <path d="M10 2.6 18.2 17H1.8L10 2.6Z" />
    <path d="M10 8v4.2M10 14.6v.1" />
  </Drawing>
);

const KIND_DRAWINGS: Record<ToolKind, ComponentChildren> = {
  read: (
    <>
      <path d="M1.6 10S4.8 4.6 10 4.6 18.4 10 18.4 10 15.2 15.4 10 15.4 1.6 10 1.6 10Z" />
      <circle cx="10" cy="10" r="2.4" />
    </>
  ),
  write: <path d="m3 17 .9-4L13.6 3.3l3.1 3.1L7 16.1 3 17Zm8.4-11.5 3.1 3.1" />,
  destructive: (
    <>
      <path d="M3.5 5.5h13M8 5.2V3h4v2.2M5 5.5l.8 11.5h8.4L15 5.5" />
      <path d="M8.5 9v4.8M11.5 9v4.8" />
    </>
  ),
};

/** A kind is told by word, drawing and frame; the colour only repeats it. */
export function KindMark({ kind }: { kind: ToolKind }) {
  return (
    <span class={`kind ${kind}`}>
      <Drawing size={15}>{KIND_DRAWINGS[kind]}</Drawing>
      {kind}
    </span>
  );
}
