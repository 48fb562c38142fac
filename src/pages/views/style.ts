/**
 * A ticket of card on a quiet ground: band, perforation, notches, stub. System fonts only, nothing that moves.
 * Every pair of colours holds WCAG 2.2 AA in both schemes (scripts/screenshots.mjs has axe look).
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #dbe5df; --card: #fbfdfb; --ink: #14231c; --soft: #47584f; --line: #c4d1ca; --edge: #6b7d74; --field: #fff;
  --accent: #0b5c44; --accent-2: #08402f; --on-accent: #fff; --band: #0b4a38; --on-band: #edf8f2; --mesh: #ffffff1c;
  --caution: #fff2d0; --on-caution: #4f3500; --caution-edge: #b07800;
  --bad: #9a1b1b; --bad-soft: #fdeceb; --on-bad: #fff; --write: #dcebff; --on-write: #123f78; --shade: #0a1f1733;
  --serif: ui-serif, Charter, "Bitstream Charter", "Sitka Text", Cambria, "Noto Serif", Georgia, serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "Roboto Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
  --gap: clamp(1.15rem, 5vw, 2.25rem); --notch: .6rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0a100d; --card: #18221d; --ink: #e6efea; --soft: #a8b8b0; --line: #35443c; --edge: #81938a; --field: #101814;
    --accent: #84d9b6; --accent-2: #a9ead0; --on-accent: #052419; --band: #123f30; --on-band: #dcf5e9; --mesh: #ffffff12;
    --caution: #2f2710; --on-caution: #f7dfa9; --caution-edge: #c9952e;
    --bad: #ffb1a9; --bad-soft: #351b19; --on-bad: #3d0906; --write: #16304f; --on-write: #bcd9ff; --shade: #0000;
  }
}
*, ::before, ::after { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100% }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere }
h1, h2, p, ul, dl, dd, fieldset, legend { margin: 0; padding: 0; border: 0; min-width: 0 }
h1, h2 { font-family: var(--serif); font-weight: 600; text-wrap: balance }
h1 { font-size: clamp(1.55rem, 1.3rem + 1.4vw, 2.05rem); line-height: 1.2; letter-spacing: -.012em }
h2 { font-size: 1.15rem; line-height: 1.3 }
svg { flex: none }
a { color: var(--accent); text-underline-offset: .18em }
a:hover { color: var(--accent-2); text-decoration-thickness: 2px }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: .2rem }
.plain, .tools { list-style: none }
.allowed + .allowed { margin-top: 1.6rem }
.code { font: .86em/1.5 var(--mono) }
.small, .hint { color: var(--soft); font-size: .9rem }
.skip { position: absolute; left: -99rem; padding: .5rem .9rem; background: var(--card) }
.skip:focus { left: 1rem; top: .5rem; z-index: 1 }

.ticket { max-width: 29rem; margin: 0 auto; padding: clamp(.6rem, 5vh, 4rem) .6rem; filter: drop-shadow(0 1px 1px var(--shade)) }
.wide { max-width: 66rem }
.band { padding: .8rem var(--gap); border-radius: .55rem .55rem 0 0; color: var(--on-band);
  background: repeating-radial-gradient(circle at 88% 210%, #0000 0 6px, var(--mesh) 6px 7px), repeating-radial-gradient(circle at 62% -160%, #0000 0 6px, var(--mesh) 6px 7px), var(--band) }
.band p { display: flex; align-items: center; gap: .55rem; font: 600 1.12rem/1.3 var(--serif); letter-spacing: .01em }

.part { --tl: 0rem; --tr: 0rem; --bl: 0rem; --br: 0rem; position: relative; padding: var(--gap);
  background:
    radial-gradient(circle at 0 0, #0000 var(--tl), var(--card) calc(var(--tl) + .5px)) 0 0 / 51% 51% no-repeat,
    radial-gradient(circle at 100% 0, #0000 var(--tr), var(--card) calc(var(--tr) + .5px)) 100% 0 / 51% 51% no-repeat,
    radial-gradient(circle at 0 100%, #0000 var(--bl), var(--card) calc(var(--bl) + .5px)) 0 100% / 51% 51% no-repeat,
    radial-gradient(circle at 100% 100%, #0000 var(--br), var(--card) calc(var(--br) + .5px)) 100% 100% / 51% 51% no-repeat }
.part:not(:last-child) { --bl: var(--notch); --br: var(--notch) }
.part + .part { --tl: var(--notch); --tr: var(--notch); margin-top: -1px }
.part:last-child { border-radius: 0 0 .55rem .55rem }
.part + .part::before { content: ""; position: absolute; top: -2px; left: 1.1rem; right: 1.1rem; height: 4px; background: radial-gradient(circle, var(--ground) 1.6px, #0000 2.1px) 50% 0 / 9px 4px repeat-x }
.part > * + *, section > * + *, .stay > * + * { margin-top: 1rem }
.part > * + form, .part > * + section, .part > * + fieldset { margin-top: 1.6rem }
.ending { color: var(--soft); line-height: 0 }
.ending path { stroke-width: 1.2 }
.ending path + path { stroke-width: .9 }
.ending.open { color: var(--accent) }
.lead { color: var(--soft); font-size: 1.06rem }
.lead strong { color: var(--ink) }
.part > h1 + .lead { margin-top: .4rem }
.part ul:not([class]) { padding-left: 1.2rem }
.part ul:not([class]) li + li { margin-top: .4rem }

.field + .field, .field + .button { margin-top: 1.2rem }
label { font-weight: 600 }
.field > input { display: block; width: 100%; min-height: 2.9rem; margin-top: .35rem; padding: .5rem .75rem; border: 1px solid var(--edge); border-radius: .35rem; background: var(--field); color: var(--ink); font: inherit }
.field > input[aria-invalid] { border: 2px solid var(--bad) }
.field > input:focus-visible { outline-offset: 1px }
.hint { margin-top: .5rem }
.hint ul { margin-top: .35rem }
.field-error { color: var(--bad); font-weight: 600 }
.errors { padding: .9rem 1rem; border: 2px solid var(--bad); border-radius: .35rem; background: var(--bad-soft) }
.errors h2 { color: var(--bad); font: 650 1.05rem/1.4 system-ui, "Noto Sans", sans-serif }
.errors > * + * { margin-top: .3rem }
.errors a { color: var(--ink) }
.field > input.big-code, p.big-code .code { font: 600 clamp(1.6rem, 8vw, 2.2rem)/1.3 var(--mono); letter-spacing: .1em }
.field > input.big-code { padding: .6rem .5rem; text-align: center; text-transform: uppercase }

.button { display: block; width: 100%; min-height: 2.9rem; padding: .6rem 1rem; border: 2px solid var(--accent); border-radius: .35rem; background: var(--card); color: var(--accent); font: 650 1rem/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; text-align: center; text-decoration: none; cursor: pointer }
.button:hover { border-color: var(--accent-2); color: var(--accent-2); box-shadow: inset 0 0 0 1px currentColor; text-decoration: none }
.primary { background: var(--accent); color: var(--on-accent) }
.primary:hover { background: var(--accent-2); color: var(--on-accent) }
.providers li + li { margin-top: .7rem }
.decision { display: grid; grid-template-columns: 1fr 1fr; gap: .8rem }

.route { --rail: 1.9rem; margin-top: 1.5rem }
.route > div { position: relative; padding: 0 0 1.25rem var(--rail) }
.route > div:last-child { padding-bottom: 0 }
.route > div::before { content: ""; position: absolute; left: .2rem; top: .3rem; width: .9rem; height: .9rem; border: 3px solid var(--accent); border-radius: 50%; background: var(--card) }
.route > div:nth-child(2)::before { background: var(--accent); border-radius: .15rem }
.route > div:not(:last-child)::after { content: ""; position: absolute; left: calc(.65rem - 1px); top: 1.5rem; bottom: 0; border-left: 2px dotted var(--edge) }
dt { color: var(--soft); font-size: .9rem }
.route p { color: var(--soft); font-size: .95rem }
.route .stop-name { color: var(--ink); font-size: 1.15rem; font-weight: 650; line-height: 1.35 }
.route .first { color: var(--ink) }
.route .stop-name .code { font-size: .95em }

.caution { padding: .9rem 1rem; border-left: .35rem solid var(--caution-edge); border-radius: .2rem; background: var(--caution); color: var(--on-caution) }
.caution h2 { display: flex; gap: .55rem; font: 650 1.05rem/1.35 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif }
.caution h2 svg { margin-top: .12rem }
.caution > * + * { margin-top: .4rem }

.scopes > * + * { margin-top: .6rem }
.legend { display: grid; gap: .35rem; color: var(--soft); font-size: .9rem }
.legend div { display: grid; grid-template-columns: 7.4rem minmax(0, 1fr); gap: .9rem; align-items: center }
.kind { display: inline-flex; align-items: center; gap: .35rem; padding: .05rem .5rem .05rem .4rem; border: 1px solid var(--edge); border-radius: 1rem; color: var(--ink); font-size: .86rem; font-weight: 600; line-height: 1.5; white-space: nowrap }
.write { border: 2px solid var(--on-write); background: var(--write); color: var(--on-write) }
.destructive { border: 2px solid var(--bad); border-radius: .25rem; background: var(--bad); color: var(--on-bad) }
.scope { padding: 1.1rem 0; border-top: 1px solid var(--line) }
.scope:last-child { padding-bottom: 0 }
.scopes .plain { margin-top: 1.1rem }
.tick { display: grid; grid-template-columns: 1.5rem minmax(0, 1fr); gap: .75rem; align-items: start }
.tick input { width: 1.5rem; height: 1.5rem; margin: .05rem 0 0; accent-color: var(--accent) }
.tick label { font-size: 1.05rem; cursor: pointer }
.tick .code, .tools .code, .identity .code { color: var(--soft); font-weight: 400 }
.reach, .tools, details { margin: .35rem 0 0 2.25rem }
.reach { color: var(--soft); font-size: .93rem }
.broad strong { display: table; color: var(--on-caution); background: var(--caution); padding: .1rem .3rem; -webkit-box-decoration-break: clone; box-decoration-break: clone }
.tools li { display: grid; gap: .2rem .9rem; padding: .55rem 0 }
.tools li > .kind { place-self: start }
.tools p + p { color: var(--soft); font-size: .93rem }
details .tools { margin-left: 0 }
summary { padding: .35rem 0; color: var(--accent); font-weight: 600; cursor: pointer }
.identity { margin-top: .5rem; padding-left: 1.2rem }
.facts > div + div { margin-top: .7rem }

@media (min-width: 34rem) {
  .tools li { grid-template-columns: 7.4rem minmax(0, 1fr) }
}
@media (min-width: 56rem) {
  .permit { display: grid; grid-template-columns: minmax(0, 1fr) 20rem }
  .permit > .stub { margin-top: 0 }
  .permit > .part:not(:last-child) { --bl: 0rem; --tr: var(--notch); border-radius: 0 0 0 .55rem }
  .permit > .stub { --tr: 0rem; --bl: var(--notch); border-radius: 0 0 .55rem 0 }
  .permit > .stub::before { top: 1.1rem; bottom: 1.1rem; left: -2px; right: auto; width: 4px; height: auto; background: radial-gradient(circle, var(--ground) 1.6px, #0000 2.1px) 0 50% / 4px 9px repeat-y }
  .stay { position: sticky; top: 1.5rem }
}
@media (forced-colors: active) {
  .band, .part { border: 1px solid }
  .ticket { filter: none }
  .route > div:nth-child(2)::before { background: CanvasText }
}
`;
