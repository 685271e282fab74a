/** The parts of the page that come after the first answer. */
import { addLateStyles } from './late-styles.js';
import { LoopPanel } from './loop/panel.js';
import { byId } from './ui/dom.js';

/** @param {import('./ui/late.js').Page} page */
export function startParts(page) {
    addLateStyles();
    new LoopPanel(page, byId('lesions-card', HTMLElement));
}
