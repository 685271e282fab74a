/** Scores of the mask in view against its ground truth. */
import { compareMasks } from '../compare/metrics.js';
import { formatNumber, t } from '../i18n/i18n.js';
import { element } from '../ui/dom.js';

/** @typedef {import('../state/session.js').Session} Session */

/**
 * @param {HTMLElement} root
 * @param {Session} session
 */
export function renderCompare(root, session) {
    const { item, mask, truth, result } = session;
    if (item?.truth?.problem) {
        root.replaceChildren(element('p', { class: 'warning' }, t(item.truth.problem)));
        return;
    }
    if (!item || !mask || !truth || !result) {
        root.replaceChildren(element('p', { class: 'help' }, t('compare.help')));
        return;
    }
    const scores = compareMasks(mask, truth, result.width, result.height);
    if (item.truth) item.truth.scores = scores;
    const hd95 = scores.hd95 === null ? '–' : t('unit.px', { value: formatNumber(scores.hd95, 1) });
    const cells = [
        ['Dice', formatNumber(scores.dice, 3)],
        ['IoU', formatNumber(scores.iou, 3)],
        ['HD95', hd95],
    ];
    root.replaceChildren(
        element(
            'dl',
            { class: 'scores' },
            ...cells.map(([name = '', value = '']) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
        ),
    );
}
