/** Scores of the mask in view against its ground truth, and of the whole batch. */
import { millimetresOf, summaryOf } from '../compare/summary.js';
import { formatNumber, formatPercent, t } from '../i18n/i18n.js';
import { element } from '../ui/dom.js';

/**
 * @typedef {import('../compare/metrics.js').Scores} Scores
 * @typedef {import('../compare/summary.js').Summary} Summary
 * @typedef {import('../state/item.js').Item} Item
 */

/**
 * @param {number | null | undefined} pixels
 * @param {number | null} millimetres per pixel
 * @returns {string}
 */
export function distanceText(pixels, millimetres) {
    if (pixels === null || pixels === undefined) return '–';
    if (millimetres !== null) return t('unit.mm', { value: formatNumber(pixels * millimetres, 1) });
    return t('unit.px', { value: formatNumber(pixels, 1) });
}

/**
 * @typedef {object} CompareActions
 * @property {() => void} resize all masks of another size
 * @property {() => void} invert reads the mask the other way round
 * @property {() => void} use the mask as the outlines
 * @property {() => void} remove the mask
 */

/**
 * @param {HTMLElement} root
 * @param {Item | null} item in view
 * @param {CompareActions} actions
 */
export function renderCompare(root, item, actions) {
    const truth = item?.truth;
    const button = (/** @type {string} */ id, /** @type {import('../i18n/i18n.js').Key} */ key, /** @type {() => void} */ run) =>
        element('button', { type: 'button', class: 'link', 'data-action': id, onclick: run }, t(key));
    /** @type {Node[]} */
    const parts = [];
    if (!truth) parts.push(element('p', { class: 'help' }, t('compare.help')));
    else if (truth.problem) parts.push(element('p', { class: 'warning' }, t(truth.problem)));
    else if (truth.scores && item.result) parts.push(...scoreParts(truth.scores, millimetresOf(item)));
    else parts.push(element('p', { class: 'help' }, t(truth.frames && item && !truth.frames.has(item.frame) ? 'compare.noFrame' : 'compare.waiting')));
    if (item) parts.push(...loopLines(item).map(line => element('p', { class: 'help' }, line)));
    if (truth) {
        const links = [button('drop', 'compare.remove', actions.remove)];
        if (truth.problem === 'compare.size') links.unshift(button('resize', 'compare.resize', actions.resize));
        else if (truth.read) links.unshift(button('use', 'compare.use', actions.use));
        if (truth.inverted && !truth.problem) parts.push(element('p', { class: 'help' }, t('compare.inverted')));
        if (truth.dark !== undefined || truth.inverted || truth.problem === 'compare.full') links.push(button('invert', 'compare.invert', actions.invert));
        parts.push(element('div', { class: 'field-links' }, ...links));
    }
    const focused = document.activeElement instanceof HTMLElement && root.contains(document.activeElement) ? document.activeElement.dataset['action'] : undefined;
    root.replaceChildren(...parts);
    if (focused) /** @type {HTMLElement} */ (root.querySelector(`[data-action="${focused}"]`) ?? document.getElementById('compare-add'))?.focus();
}

/**
 * @param {Item} item
 * @returns {string[]} of a loop whose frames have masks: how many were compared, and their scores together
 */
export function loopLines(item) {
    const frames = item.truth?.frames;
    if (!frames) return [];
    const summary = summaryOf([item]);
    const compared = summary ? summary.lesion.count + summary.normal.count : 0;
    return [t('compare.frames', { compared, count: frames.size }), ...(summary ? summaryLines({ ...summary, left: 0 }) : [])];
}

/**
 * @param {Scores} scores
 * @param {number | null} millimetres per pixel
 * @returns {Node[]}
 */
function scoreParts(scores, millimetres) {
    if (scores.normal) return [element('p', {}, t(scores.outlined ? 'compare.false' : 'compare.rightlyNone'))];
    const cells = [
        ['Dice', formatNumber(scores.dice, 3)],
        ['IoU', formatNumber(scores.iou, 3)],
        ['HD95', distanceText(scores.hd95, millimetres)],
    ];
    const list = element(
        'dl',
        { class: 'scores' },
        ...cells.map(([name = '', value = '']) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
    );
    const lines = scores.lesions.map(({ area, found, dice }, index) => {
        const number = index + 1;
        if (found === 0) return t('compare.lesionMissed', { number });
        const change = Math.round((found / area - 1) * 100);
        const sign = change > 0 ? '+' : change < 0 ? '−' : '';
        return t('compare.lesion', { number, dice: formatNumber(dice, 2), change: `${sign}${formatPercent(Math.abs(change) / 100)}` });
    });
    if (scores.extra > 0) lines.push(t('compare.extra', { count: scores.extra }));
    return [list, element('ul', { class: 'help compare-lesions' }, ...lines.map(line => element('li', {}, line)))];
}

/**
 * @param {Summary} summary
 * @returns {string[]} one line for images with lesions, one for normal images, one for what was not compared
 */
export function summaryLines({ lesion, normal, left, inverted }) {
    const lines = [];
    if (lesion.count > 0) {
        lines.push(t('compare.lesionImages', { count: lesion.count, dice: formatNumber(lesion.dice, 3), iou: formatNumber(lesion.iou, 3), missed: lesion.missed }));
        if (lesion.hd95 !== null) lines.push(t('compare.hd95', { value: distanceText(lesion.hd95, null), count: lesion.found }));
        if (lesion.hd95Mm !== null) lines.push(t('compare.hd95', { value: distanceText(lesion.hd95Mm, 1), count: lesion.measured }));
    }
    if (normal.count > 0)
        lines.push(t('compare.normalImages', { count: normal.count, outlined: normal.outlined, share: formatPercent(normal.outlined / normal.count) }));
    if (inverted > 0) lines.push(t('compare.invertedMasks', { count: inverted }));
    if (left > 0) lines.push(t('compare.left', { count: left }));
    return lines;
}
