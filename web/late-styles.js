/** Styles of what is loaded after the first answer: of the loop and of the live picture. */
const STYLES = `
.loop-row { display: flex; flex-wrap: wrap; align-items: center; gap: 0.35rem 0.8rem; }
.loop-row progress { flex: 1 1 8rem; }
.loop-row input[type='number'] { inline-size: 4.5rem; }
.loop-plot { display: grid; gap: 0.4rem; border-radius: 8px; cursor: pointer; touch-action: pan-y; }
.loop-plot svg { display: block; inline-size: 100%; block-size: 4.5rem; background: var(--sunken); border-radius: 6px; overflow: hidden; }
.loop-plot path { fill: none; stroke-width: 1.6; vector-effect: non-scaling-stroke; }
.loop-area { stroke: var(--accent); }
.loop-long { stroke: var(--benign); }
.loop-short { stroke: var(--malignant); stroke-dasharray: 5 3; }
.loop-now { stroke: var(--amber); }
.loop-legend { display: flex; justify-content: space-between; gap: 0.8rem; font-size: 0.78125rem; color: var(--muted); }
.loop-legend .loop-key::before { content: ''; display: inline-block; inline-size: 1.1em; border-block-start: 2px solid var(--benign); vertical-align: middle; margin-inline-end: 0.35em; }
.loop-legend .loop-key-short::before { border-block-start: 2px dashed var(--malignant); }
.loop-table { max-block-size: 16rem; overflow-y: auto; margin-block-start: 0.4rem; }
.loop-table table { inline-size: 100%; border-collapse: collapse; font-size: 0.8125rem; }
.loop-table :is(th, td) { padding: 0.2rem 0.25rem; text-align: end; font-weight: 400; }
.loop-table tr > :first-child { text-align: start; color: var(--muted); }
.loop-table tr[aria-current] { background: var(--tint); }
.archive-field { display: inline-flex; align-items: center; gap: 0.35rem; white-space: nowrap; font-size: 0.875rem; }
.archive-field input { min-inline-size: 0; }
#archive-table table { inline-size: 100%; border-collapse: collapse; font-size: 0.8125rem; }
#archive-table :is(th, td) { padding: 0.35rem 0.3rem; text-align: start; }
#archive-table td { overflow-wrap: anywhere; }
#archive-table td { border-block-start: 1px solid var(--line); }
#archive-table td:last-child { white-space: nowrap; text-align: end; }
#archive-status { margin: 0; }
@media (max-width: 40rem) { #archive-table td:last-child .link { display: block; margin-inline-start: auto; } }
#review-words summary { cursor: pointer; font-size: 0.875rem; margin-block: 0.4rem; }
#review-words .review-fields { margin-block-end: 0.5rem; }
.live { inline-size: min(60rem, 100vw - 1.5rem); max-inline-size: none; max-block-size: calc(100dvh - 1.5rem); padding: 1rem 1.15rem; }
.live-inside { display: grid; gap: 0.6rem; }
.live-stage { position: relative; display: grid; place-items: center; background: var(--stage); border-radius: 8px; overflow: hidden; min-block-size: 9rem; }
.live-stage :is(video, canvas) { grid-area: 1 / 1; inline-size: 100%; block-size: min(36rem, 100dvh - 20rem, 70vw); min-block-size: 12rem; object-fit: contain; }
.live-stage canvas { pointer-events: none; }
.live-note { grid-area: 1 / 1; padding: 0.6rem 1.1rem; max-inline-size: 32rem; text-align: center; color: #d6e6e0; }
.live-note[data-kind='problem'] { color: #ffc2d2; }
.live-answer { font-weight: 650; }
.live-facts { color: var(--muted); font-size: 0.8125rem; }
`;

let added = false;

/** Adds them to the page. They are made by script, so the content security policy needs no exception. */
export function addLateStyles() {
    if (added) return;
    added = true;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLES);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
