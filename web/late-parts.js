/** The parts of the page that come after the first answer. */
import { addLateStyles } from './late-styles.js';
import { LiveDialog } from './live/dialog.js';
import { LoopPanel } from './loop/panel.js';
import { DescriptorsPanel } from './panel/descriptors.js';
import { startProbabilities } from './panel/probabilities.js';
import { byId, element, icon } from './ui/dom.js';

/** @param {import('./ui/late.js').Page} page */
export function startParts(page) {
    addLateStyles();
    new LoopPanel(page, byId('lesions-card', HTMLElement));
    new DescriptorsPanel(page);
    startProbabilities(page);
    const live = new LiveDialog(page);
    const open = () => live.open();
    const atStart = byId('start-live', HTMLButtonElement);
    atStart.addEventListener('click', open);
    atStart.disabled = false;
    const inList = element('button', { type: 'button', class: 'tool tool-small', id: 'list-live', onclick: open }, icon('live'));
    byId('list-folder', HTMLElement).after(inList);
    const render = () => {
        inList.setAttribute('aria-label', page.t('live.open'));
        inList.title = page.t('live.open');
        live.render();
    };
    page.onLanguage(render);
    render();
    const archive = document.querySelector('meta[name="dicomweb"]')?.getAttribute('content');
    if (archive) void import('./archive/start.js').then(({ startArchive }) => startArchive(page, archive));
}
