/** The dialog "About this model": network, weights and their check, and the model card. */
import { inlined } from '../engine/inlined.js';
import { formatNumber, t } from '../i18n/i18n.js';
import { lacks, opensOffline } from '../ui/browser.js';
import { byId, element, icon } from '../ui/dom.js';
import { cardElements } from './card.js';

/** @typedef {import('../engine/engine.js').Engine} Engine */

const CARD_URL = new URL('../../weights/MODEL_CARD.md', import.meta.url);

/** Text of the model card; fetched while the page loads, so that opening the dialog makes no request. */
let card = '';

/** @returns {Promise<void>} */
export async function fetchModelCard() {
    if (inlined) {
        card = inlined.card;
        return;
    }
    const response = await fetch(CARD_URL).catch(() => null);
    if (response?.ok) card = await response.text();
}

/** @param {Engine | null} engine */
export function renderModel(engine) {
    const root = byId('model-facts', HTMLElement);
    byId('model-card', HTMLElement).replaceChildren(...(card ? cardElements(card) : [t('model.noCard')]));
    if (!engine) {
        root.replaceChildren(element('p', {}, t('engine.loading', { share: '' })));
        return;
    }
    const { info } = engine.pool;
    const { sha256, verified, bytes } = engine.weights;
    const check = element('span', { class: verified ? 'verified' : 'unverified' }, t(verified ? 'model.verified' : 'model.unverified'));
    if (verified) check.prepend(icon('check'));
    const runner = element('span', {}, element('bdi', {}, `sonomask ${info.version}, ${info.backend}`), ` · ${t('model.workers', { count: engine.pool.size })}`);
    const lacking = lacks(info.backend);
    /** @type {[string, Node | string][]} */
    const facts = [
        [t('model.network'), `${info.network}, ${info.inputSize} × ${info.inputSize}`],
        [t('model.size'), t('model.kilobytes', { value: formatNumber(bytes / 1000) })],
        [t('model.check'), check],
        ['SHA-256', element('code', {}, sha256 || '–')],
        [t('model.data'), info.trainingData || '–'],
        [t('model.date'), info.date || '–'],
        [t('model.threshold'), formatNumber(info.threshold, 2)],
        [t('model.temperature'), formatNumber(info.temperature, 2)],
        [t('model.engine'), runner],
        [t('model.browser'), lacking.length > 0 ? lacking.map(key => t(key)).join(' ') : t(opensOffline() ? 'model.browserOffline' : 'model.browserComplete')],
    ];
    root.replaceChildren(
        element('dl', { class: 'model-facts' }, ...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)])),
    );
}
