/** The parts of the page that come after the first answer. */
import { addLateStyles } from './late-styles.js';
import { LiveDialog } from './live/dialog.js';
import { LoopPanel } from './loop/panel.js';
import { byId, element } from './ui/dom.js';

const SPACE = 'http://www.w3.org/2000/svg';

/** @returns {SVGSVGElement} a screen that sends */
function liveIcon() {
    const svg = document.createElementNS(SPACE, 'svg');
    svg.setAttribute('class', 'icon');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', 'true');
    const path = document.createElementNS(SPACE, 'path');
    path.setAttribute('d', 'M3.5 7.5a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-10a1 1 0 0 1-1-1ZM15.5 11l5-3v8l-5-3');
    svg.append(path);
    return svg;
}

/** @param {import('./ui/late.js').Page} page */
export function startParts(page) {
    addLateStyles();
    new LoopPanel(page, byId('lesions-card', HTMLElement));
    const live = new LiveDialog(page);
    const open = () => live.open();
    const text = element('span', {});
    const atStart = element('button', { type: 'button', class: 'button', id: 'start-live', onclick: open }, liveIcon(), text);
    const inList = element('button', { type: 'button', class: 'tool tool-small', id: 'list-live', onclick: open }, liveIcon());
    byId('start-folder', HTMLElement).after(atStart);
    byId('list-folder', HTMLElement).after(inList);
    const render = () => {
        text.textContent = page.t('live.open');
        inList.setAttribute('aria-label', page.t('live.open'));
        inList.title = page.t('live.open');
        live.render();
    };
    page.onLanguage(render);
    render();
}
