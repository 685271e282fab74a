/**
 * Keyboard shortcuts of the whole page, and the help that lists them. They do nothing while a dialog is open or a field
 * has the focus.
 */
import { t } from '../i18n/i18n.js';
import { byId, element } from './dom.js';

/**
 * @typedef {object} Shortcut
 * @property {string} keys as KeyboardEvent.key, lower case; with "ctrl+" or "shift+" before it where needed
 * @property {import('../i18n/i18n.js').Key | ''} label key of its name in the language files; "" leaves it out of the help
 * @property {string} shown keys as the help writes them, separated by " · "
 * @property {() => void} run
 */

/**
 * @param {KeyboardEvent} event
 * @returns {string}
 */
function nameOf(event) {
    const control = event.ctrlKey || event.metaKey ? 'ctrl+' : '';
    const shift = event.shiftKey && (control || event.key.length > 1) ? 'shift+' : '';
    return control + shift + event.key.toLowerCase();
}

/**
 * @param {EventTarget | null} target
 * @returns {boolean} whether the element uses letters and arrows itself
 */
function takesKeys(target) {
    if (!(target instanceof HTMLElement)) return false;
    if (target instanceof HTMLInputElement) return target.type !== 'checkbox' && target.type !== 'button';
    return target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement || target.isContentEditable;
}

/** @param {Shortcut[]} shortcuts */
export function startShortcuts(shortcuts) {
    document.addEventListener('keydown', event => {
        if (event.defaultPrevented || event.altKey || document.querySelector('dialog[open]')) return;
        const name = nameOf(event);
        if (takesKeys(event.target) && !name.startsWith('ctrl+')) return;
        const shortcut = shortcuts.find(candidate => candidate.keys.split(' ').includes(name));
        if (!shortcut) return;
        event.preventDefault();
        shortcut.run();
    });
}

/** @param {Shortcut[]} shortcuts those that the page uses */
export function renderHelp(shortcuts) {
    const rows = shortcuts.flatMap(({ label, shown }) =>
        label === ''
            ? []
            : [
                  element('dt', {}, ...shown.split(' · ').flatMap((key, index) => [index > 0 ? ' ' : null, element('kbd', {}, key)])),
                  element('dd', {}, t(label)),
              ],
    );
    byId('help-keys', HTMLElement).replaceChildren(...rows);
}
