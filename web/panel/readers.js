/** The dialog that compares the list with the session of another reader. */
import { formatNumber, t } from '../i18n/i18n.js';
import { answerInView } from '../state/item.js';
import { byId, element, openDialog } from '../ui/dom.js';
import { late } from '../ui/late.js';

/**
 * @typedef {import('../compare/readers.js').Reading} Reading
 * @typedef {import('../session/format.js').SavedSession} SavedSession
 * @typedef {import('../state/item.js').Item} Item
 */

/**
 * @param {Item[]} items of the list
 * @param {string} reader of the list
 * @param {SavedSession} session
 */
export async function compareWithSession(items, reader, session) {
    const { checksumOf, compareReaders, typeOf } = await late();
    /** @type {Reading[]} */
    const ours = [];
    for (const item of items) {
        const answer = answerInView(item);
        if (!answer) continue;
        const { width, height, runs, type } = answer.result;
        ours.push({ name: item.name, sha256: await checksumOf(item), width, height, runs, type: typeOf(item.review, type) });
    }
    /** @type {Reading[]} */
    const theirs = session.items.flatMap(saved => {
        const answer = saved.answers.find(({ frame }) => frame === saved.frame) ?? saved.answers[0];
        if (!answer) return [];
        const { width, height, runs, type } = answer.result;
        return [{ name: saved.name, sha256: saved.sha256, width, height, runs, type: typeOf(saved.review, type) }];
    });
    const found = compareReaders(ours, theirs);
    const names = [reader || t('readers.list'), session.reader || t('readers.session')];
    const lines = [
        t('readers.images', { count: found.images.length, unmatched: found.unmatched }),
        t('readers.overlap', { count: found.outlined, dice: formatNumber(found.dice, 3), iou: formatNumber(found.iou, 3), one: found.one }),
        t('readers.types', { count: found.typed, agreed: found.agreed, kappa: found.kappa === null ? '–' : formatNumber(found.kappa, 2) }),
    ];
    const titles = [t('results.image'), 'Dice', 'IoU', ...names];
    const head = element('tr', {}, ...titles.map(title => element('th', { scope: 'col' }, title)));
    // The least agreement first.
    const sorted = [...found.images].sort((a, b) => (a.dice ?? 2) - (b.dice ?? 2));
    const rows = sorted.map(({ name, dice, iou, types }) =>
        element(
            'tr',
            {},
            element('th', { scope: 'row' }, element('bdi', {}, name)),
            ...[dice, iou].map(value => element('td', {}, value === null ? '–' : formatNumber(value, 3))),
            ...types.map(type => element('td', {}, type ? t(`class.${type}`) : '–')),
        ),
    );
    byId('readers-lines', HTMLElement).replaceChildren(...lines.map(line => element('p', {}, line)), element('p', { class: 'help' }, t('readers.help')));
    byId('readers-table', HTMLElement).replaceChildren(element('table', { class: 'pairs' }, element('thead', {}, head), element('tbody', {}, ...rows)));
    openDialog(byId('readers', HTMLDialogElement));
}
