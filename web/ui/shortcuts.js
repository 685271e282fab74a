/** Keyboard shortcuts of the whole page. They stay out of the way of fields and open dialogs. */

/**
 * @typedef {object} Shortcut
 * @property {string} keys as KeyboardEvent.key, lower case; with "ctrl+" or "shift+" before it where needed
 * @property {string} label key of its name in the language files
 * @property {string} shown how the help writes it
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
 * @returns {boolean} whether the element takes letters and arrows itself
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
