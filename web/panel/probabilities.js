/** The button that saves the probabilities of an image's answers as a fractional DICOM SEG. */
import { exportNames } from '../export/names.js';
import { fractionalOf } from '../export/derived.js';
import { provenanceOf } from '../export/provenance.js';
import { askOnce } from '../input/decoding.js';
import { answersOf } from '../state/item.js';
import { byId, element, saveFile } from '../ui/dom.js';

/** @param {import('../ui/late.js').Page} page */
export function startProbabilities(page) {
    const { store, queue, opener, engine, settle, notify, reasonOf } = page;
    let isBusy = false;
    const button = element('button', { type: 'button', class: 'button button-small', id: 'save-fractional' });
    const save = async () => {
        const item = store.selected;
        if (!item || isBusy) return;
        isBusy = true;
        button.setAttribute('aria-busy', 'true');
        const progress = byId('save-progress', HTMLElement);
        try {
            await settle();
            const name = (await exportNames(store.items, byId('save-names', HTMLInputElement).checked)).get(item);
            if (!name) return;
            const count = answersOf(item).length;
            let done = 0;
            await opener.open(item, engine);
            try {
                // The maps of few answers are kept, so the network answers again.
                const mapOf = async (/** @type {number} */ frame) => {
                    const map = await queue.segmentFrame(engine, item, frame);
                    progress.textContent = page.t('save.progress', { done: ++done, total: count });
                    progress.hidden = count < 2;
                    return map;
                };
                const file = await fractionalOf(item, name.hidden, engine, provenanceOf(engine, byId('reader', HTMLInputElement).value), askOnce, mapOf);
                saveFile(new Blob([file], { type: 'application/dicom' }), `${name.stem}_probabilities.dcm`);
                if (count < item.frameCount) notify(page.t('save.frames', { name: item.name, done: count, count: item.frameCount }));
            } finally {
                opener.release(item);
            }
        } catch (error) {
            notify(page.t('save.failed', { detail: reasonOf(error) }), 'problem');
        }
        progress.hidden = true;
        isBusy = false;
        button.removeAttribute('aria-busy');
    };
    button.addEventListener('click', () => void save());
    byId('save-sr', HTMLElement).before(button);
    const render = () => {
        button.textContent = page.t('save.fractional');
        button.disabled = store.selected?.state !== 'done' || store.selected.kind !== 'dicom';
    };
    for (const event of ['list', 'item', 'select']) store.addEventListener(event, render);
    page.onLanguage(render);
    render();
}
