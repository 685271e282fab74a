/** The help overlay, written from the very list of shortcuts that the page obeys. */
import { t } from '../i18n/i18n.js';
import { byId, element } from '../ui/dom.js';

/** @param {import('../ui/shortcuts.js').Shortcut[]} shortcuts */
export function renderHelp(shortcuts) {
    const rows = shortcuts
        .filter(({ label }) => label !== '')
        .flatMap(({ label, shown }) => [
            element('dt', {}, ...shown.split(' · ').flatMap((key, index) => [index > 0 ? ' ' : null, element('kbd', {}, key)])),
            element('dd', {}, t(/** @type {import('../i18n/i18n.js').Key} */ (label))),
        ]);
    byId('help-keys', HTMLElement).replaceChildren(...rows);
}
