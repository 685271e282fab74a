/** Long names of files, shortened in the middle: their ends tell them apart. */
import { element } from './dom.js';

const TAIL = 9; // letters that stay

/**
 * @param {string} name
 * @param {string} [title] tooltip
 * @returns {HTMLElement} with the whole name as its text; the style sheet cuts the first part
 */
export function shortened(name, title = name) {
    // Whole letters, also those of two code units.
    const letters = [...name];
    const cut = Math.max(0, letters.length - TAIL);
    return element(
        'span',
        { class: 'row-name', title, dir: 'auto' },
        element('span', { class: 'name-head' }, letters.slice(0, cut).join('')),
        element('span', { class: 'name-tail' }, letters.slice(cut).join('')),
    );
}
