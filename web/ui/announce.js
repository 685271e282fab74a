/** Messages to screen readers, and short notices that disappear after some seconds. */
import { t } from '../i18n/i18n.js';
import { byId, element, icon } from './dom.js';

const NOTICE_MILLISECONDS = 6000;

/** @param {string} text for screen readers, in a polite live region */
export function announce(text) {
    const region = byId('live', HTMLElement);
    // Screen readers read changes only, so the same text needs an empty region in between.
    region.textContent = '';
    setTimeout(() => (region.textContent = text), 50);
}

/**
 * A short notice at the foot of the page, also announced.
 * @param {string} text
 * @param {'plain' | 'problem'} [kind]
 */
export function notify(text, kind = 'plain') {
    const notice = element('p', { class: `notice notice-${kind}` }, text);
    byId('notices', HTMLElement).append(notice);
    announce(text);
    setTimeout(() => notice.remove(), NOTICE_MILLISECONDS);
}

/**
 * A notice with choices. It stays until one is taken, it is closed, or another offer of the same kind replaces it.
 * @param {string} kind
 * @param {string} text
 * @param {{ label: string, run: () => void }[]} choices
 */
export function offer(kind, text, choices) {
    const before = document.activeElement;
    const notice = element('div', { class: 'notice notice-offer', role: 'group', 'data-kind': kind, 'aria-label': text }, element('p', {}, text));
    const closeAnd = (/** @type {() => void} */ run) => () => {
        const held = notice.contains(document.activeElement);
        notice.remove();
        run();
        if (!held) return;
        // Else the focus would fall to the document.
        if (before instanceof HTMLElement) before.focus();
        if (document.activeElement === document.body) byId('main', HTMLElement).focus();
    };
    for (const { label, run } of choices) notice.append(element('button', { type: 'button', class: 'link', onclick: closeAnd(run) }, label));
    const close = { type: 'button', class: 'tool tool-small', 'aria-label': t('dialog.close'), onclick: closeAnd(() => undefined) };
    notice.append(element('button', close, icon('close')));
    for (const earlier of document.querySelectorAll(`.notice-offer[data-kind="${kind}"]`)) earlier.remove();
    byId('notices', HTMLElement).append(notice);
    announce(`${text} ${choices.map(({ label }) => label).join(', ')}`);
}
