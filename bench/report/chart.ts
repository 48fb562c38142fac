export interface Bar {
  readonly label: string;
  readonly ours: boolean;
  readonly value: number;
}
export interface Group {
  readonly label: string;
  readonly bars: readonly Bar[];
}

const BAR = 15;
const GAP = 4;
const GROUP_HEAD = 26;
const LEFT = 290;
const WIDTH = 520;
const RIGHT = 60;
const TOP = 44;

const escape = (text: string) =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

// Colours that stand out on white as on black; the text takes the side of its reader.
const STYLE = `
    text { font: 12px system-ui, sans-serif; fill: #1f2328; }
    .head { font-weight: 600; }
    .title { font-size: 14px; font-weight: 600; }
    .ours { fill: #2f81f7; }
    .peer { fill: #8b949e; }
    .line { stroke: #d29922; stroke-width: 1.5; stroke-dasharray: 4 3; }
    .note { fill: #9a6700; }
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .note { fill: #d29922; } }
  `;

/** Bars of one scale that begins at nothing, grouped; a dashed line where the yardstick is, at 1. */
export function barChart(title: string, yardstick: string, groups: readonly Group[]): string {
  const most = Math.max(1, ...groups.flatMap(({ bars }) => bars.map(({ value }) => value)));
  const x = (value: number) => LEFT + (value / most) * WIDTH;
  const parts: string[] = [];
  let y = TOP;
  for (const { label, bars } of groups) {
    parts.push(`<text class="head" x="12" y="${y + 14}">${escape(label)}</text>`);
    y += GROUP_HEAD;
    for (const bar of bars) {
      const middle = y + BAR - 3.5;
      const length = Math.max(1, x(bar.value) - LEFT).toFixed(1);
      parts.push(
        `<text x="${LEFT - 8}" y="${middle}" text-anchor="end">${escape(bar.label)}</text>`,
        `<rect class="${bar.ours ? 'ours' : 'peer'}" x="${LEFT}" y="${y}" width="${length}" height="${BAR}" rx="2"/>`,
        `<text x="${(x(bar.value) + 6).toFixed(1)}" y="${middle}">${bar.value.toFixed(2)}</text>`,
      );
      y += BAR + GAP;
    }
    y += 6;
  }
  const line = x(1).toFixed(1);
  const [width, height] = [LEFT + WIDTH + RIGHT, y + 8];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">`,
    `<style>${STYLE}</style>`,
    `<text class="title" x="12" y="20">${escape(title)}</text>`,
    `<line class="line" x1="${line}" y1="${TOP - 8}" x2="${line}" y2="${y}"/>`,
    `<text class="note" x="${line}" y="${TOP - 12}" text-anchor="middle">${escape(yardstick)}</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
