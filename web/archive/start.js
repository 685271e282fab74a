/**
 * The page beside an archive with DICOMweb of the same origin. Loaded only where the page names it:
 * <meta name="dicomweb" content="/dicom-web">.
 */
import { DicomWeb } from '../../wasm/dicom/dicomweb.js';
import { byId, element, icon } from '../ui/dom.js';
import { ArchiveDialog } from './dialog.js';
import { Storing } from './storing.js';

/**
 * @param {import('../ui/late.js').Page} page
 * @param {string} place address of the services, relative to the page
 */
export function startArchive(page, place) {
    const root = new URL(place, location.href);
    // The content security policy forbids any other.
    if (root.origin !== location.origin) return;
    const web = new DicomWeb(root.href);
    const dialog = new ArchiveDialog(page, web);
    const storing = new Storing(page, web);
    const words = element('span');
    const atStart = element('button', { type: 'button', class: 'button', id: 'start-archive', onclick: () => dialog.open() }, icon('folder'), words);
    byId('start-live', HTMLButtonElement).after(atStart);
    const inList = element('button', { type: 'button', class: 'tool tool-small', id: 'list-archive', onclick: () => dialog.open() }, icon('find'));
    byId('list-folder', HTMLElement).before(inList);
    const render = () => {
        words.textContent = page.t('archive.title');
        inList.setAttribute('aria-label', page.t('archive.title'));
        inList.title = page.t('archive.title');
        dialog.render();
        storing.render();
    };
    page.onLanguage(render);
    render();
}
