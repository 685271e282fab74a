/** Files from the user: by drop anywhere, paste, and the file pickers. */
import { byId } from '../ui/dom.js';
import { fromFiles, fromTransfer } from './collect.js';

/** @typedef {import('./collect.js').Found} Found */

/** @param {(found: Found[]) => void} onFiles */
export function startDrop(onFiles) {
    const veil = byId('drop-veil', HTMLElement);
    let depth = 0; // dragenter and dragleave are sent for every element under the pointer
    const show = (/** @type {boolean} */ shown) => {
        veil.hidden = !shown;
        document.body.classList.toggle('dragging', shown);
    };
    const holdsFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files') ?? false;
    addEventListener('dragenter', event => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        depth++;
        show(true);
    });
    addEventListener('dragleave', event => {
        if (!holdsFiles(event)) return;
        depth = Math.max(0, depth - 1);
        if (depth === 0) show(false);
    });
    addEventListener('dragover', event => {
        if (holdsFiles(event)) event.preventDefault();
    });
    addEventListener('drop', event => {
        depth = 0;
        show(false);
        if (!event.dataTransfer || !holdsFiles(event)) return;
        event.preventDefault();
        void fromTransfer(event.dataTransfer).then(onFiles);
    });
}

/** @param {(found: Found[]) => void} onFiles */
export function startPaste(onFiles) {
    addEventListener('paste', event => {
        const files = fromFiles(event.clipboardData?.files ?? []);
        if (files.length === 0) return;
        event.preventDefault();
        // Browsers give this name to a picture of the clipboard; copied files keep their own.
        onFiles(files.map(found => ({ ...found, onlyHere: found.file.name === 'image.png' })));
    });
}

/**
 * @param {string} id of the hidden file field
 * @param {(found: Found[]) => void} onFiles
 * @returns {() => void} opens the picker
 */
export function preparePicker(id, onFiles) {
    const field = byId(id, HTMLInputElement);
    field.addEventListener('change', () => {
        const found = fromFiles(field.files ?? []);
        field.value = ''; // the same files may be picked again
        if (found.length > 0) onFiles(found);
    });
    return () => field.click();
}
