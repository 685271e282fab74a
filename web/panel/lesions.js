/** The table of lesions, one column per lesion, with buttons to remove or keep one. */
import { formatProbability, t } from '../i18n/i18n.js';
import { scaleFor } from '../state/item.js';
import { element } from '../ui/dom.js';
import { lengthText, measuresOf } from './measures.js';
import { scaleNote } from './words.js';

/**
 * @typedef {import('../state/session.js').Session} Session
 * @typedef {import('../view/viewer.js').Viewer} Viewer
 */

/**
 * @param {HTMLElement} root
 * @param {Session} session
 * @param {Viewer} viewer highlights the lesion whose column is under the pointer
 */
export function renderLesions(root, session, viewer) {
    const { item, lesions, mask, result } = session;
    if (!item || !mask) {
        root.replaceChildren(element('p', { class: 'help' }, t('lesions.waiting')));
        return;
    }
    if (lesions.length === 0) {
        root.replaceChildren(element('p', { class: 'help' }, t('lesions.none')), ...possibleList(session, item));
        return;
    }
    const scales = lesions.map(lesion => scaleFor(item, lesion.bbox));
    const columns = lesions.map((lesion, index) => measuresOf(lesion, scales[index] ?? null, result));
    const head = element('tr', {}, element('td'), ...lesions.map((_, index) => columnHead(index, viewer)));
    const body = element('tbody');
    // Of three columns and more, units go to a line of their own: then four fit on a phone.
    const many = lesions.length > 2;
    (columns[0] ?? []).forEach(({ name }, line) => {
        if (columns.every(column => column[line]?.value === '')) return;
        const cells = columns.map(column => element('td', {}, inLines(column[line]?.value ?? '', many)));
        body.append(element('tr', {}, element('th', { scope: 'row' }, name), ...cells));
    });
    const actions = element('tr', {}, element('td'), ...lesions.map((lesion, index) => actionCell(session, lesion, index)));
    body.append(actions);
    const table = element('table', { class: many ? 'measures measures-many' : 'measures' }, element('thead', {}, head), body);
    const note = scaleNote(item, lesions);
    // A click on one of the buttons rebuilds the table, so the focus is set again.
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['action'] : undefined;
    const scroll = element('div', { class: 'measures-scroll' }, table);
    if (many) {
        scroll.setAttribute('role', 'group');
        scroll.setAttribute('aria-labelledby', 'lesions-title');
        scroll.tabIndex = 0;
    }
    root.replaceChildren(scroll, element('p', { class: 'help' }, t('lesions.certainty')), element('p', { class: 'help' }, note), ...possibleList(session, item));
    if (focused) {
        const again = root.querySelector(`[data-action="${focused}"]`) ?? root.querySelector('[data-action]');
        if (again instanceof HTMLElement) again.focus();
    }
}

/**
 * Outlines that do not count, each with a button that makes it count.
 * @param {Session} session
 * @param {import('../state/item.js').Item} item
 * @returns {Node[]}
 */
function possibleList(session, item) {
    if (session.possible.length === 0) return [];
    const rows = session.possible.map((lesion, index) => {
        const length = lengthText(lesion.longAxis, scaleFor(item, lesion.bbox));
        const presence = lesion.presence > 0 ? ` · ${t('lesions.presence', { share: formatProbability(lesion.presence) })}` : '';
        return element(
            'li',
            {},
            element('span', {}, `${t('lesions.possible')} · ${length}${presence}`),
            element(
                'button',
                { type: 'button', class: 'link', 'data-action': `count-${index}`, onclick: () => session.chooseLesion(lesion, 'count') },
                t('lesions.add'),
            ),
        );
    });
    return [element('ul', { class: 'possible', 'aria-label': t('lesions.possibleList') }, ...rows)];
}

/**
 * @param {string} value
 * @param {boolean} many whether it may be divided between its number and its unit
 */
function inLines(value, many) {
    return many ? value.replaceAll('\u00a0', ' ') : value;
}

/**
 * @param {number} index
 * @param {Viewer} viewer
 */
function columnHead(index, viewer) {
    const point = (/** @type {number} */ which) => () => {
        viewer.highlighted = which;
        viewer.redraw();
    };
    return element(
        'th',
        { scope: 'col', onmouseenter: point(index), onmouseleave: point(-1) },
        t('lesions.number', { number: index + 1 }),
    );
}

/**
 * @param {Session} session
 * @param {import('../state/item.js').Lesion} lesion
 * @param {number} index
 */
function actionCell(session, lesion, index) {
    const make = (/** @type {'remove' | 'keep'} */ what) =>
        element(
            'button',
            {
                type: 'button',
                class: 'link',
                'data-action': `${what}-${index}`,
                'aria-label': t(`lesions.${what}Label`, { number: index + 1 }),
                onclick: () => session.chooseLesion(lesion, what),
            },
            t(`lesions.${what}`),
        );
    const buttons = session.lesions.length > 1 ? [make('remove'), make('keep')] : [make('remove')];
    return element('td', {}, element('div', { class: 'lesion-actions' }, ...buttons));
}
