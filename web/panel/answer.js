/** The network's answer for the image in view. */
import { formatNumber, formatProbability, t } from '../i18n/i18n.js';
import { element, icon } from '../ui/dom.js';
import { CLASSES, explanation, headline, swatchOf, viewLines, warnings } from './words.js';

/**
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 * @typedef {import('../state/item.js').Item} Item
 */

/**
 * @param {HTMLElement} root
 * @param {Item | null} item
 * @param {FrameResult | undefined} result in view
 */
export function renderAnswer(root, item, result) {
    if (!item || !result || item.state !== 'done') {
        const text = item?.problem ? t(item.problem.key, { detail: item.problem.detail }) : t(`state.${item?.state ?? 'waiting'}`);
        root.replaceChildren(element('p', { class: 'answer-words' }, text));
        return;
    }
    const colour = swatchOf(result);
    const swatch = colour && element('span', { class: `swatch swatch-${colour}` });
    root.replaceChildren(
        element('p', { class: 'answer-type' }, swatch, headline(result)),
        element('p', { class: 'answer-words' }, explanation(result, item.threshold)),
        ...viewLines(result).map(text => element('p', { class: 'answer-words answer-view' }, text)),
        bars(result),
        ...warnings(result).map(text => element('p', { class: 'warning' }, icon('warning'), element('span', {}, text))),
        element('p', { class: 'facts' }, element('bdi', {}, item.name), ` · ${factsText(result)}`),
    );
}

/** @param {FrameResult} result */
function factsText(result) {
    const { width, height, milliseconds } = result;
    return t('answer.facts', { width: String(width), height: String(height), milliseconds: formatNumber(milliseconds) });
}

/** @param {FrameResult} result */
function bars(result) {
    const list = element('dl', { class: 'bars', id: 'bars' });
    for (const type of CLASSES) {
        const share = result.probabilities[type];
        const fill = element('div', { class: `bar-fill bar-${type}` });
        fill.style.setProperty('--share', String(share));
        list.append(
            element('dt', {}, element('span', {}, t(`class.${type}`)), element('div', { class: 'bar-track', 'aria-hidden': 'true' }, fill)),
            element('dd', { class: 'bars-value', 'data-type': type }, formatProbability(share)),
        );
    }
    return list;
}
