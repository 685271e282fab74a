/**
 * Languages of the page: one file of texts per language; numbers and plurals by Intl. To add a language, add its file and
 * an entry here.
 */
import arabic from './ar.js';
import english from './en.js';

/** @typedef {keyof typeof english | keyof typeof import('./late-en.js').default} Key */
/** @typedef {string | Partial<Record<Intl.LDMLPluralRule, string>>} Text a text, or one text per plural form */

/**
 * Arabic measurements are written in Latin digits, as the exports and the ultrasound machines' own labels are.
 * @type {Record<string, { texts: Record<string, Text>, locale: string, direction: 'ltr' | 'rtl' }>}
 */
const LANGUAGES = {
    en: { texts: english, locale: 'en', direction: 'ltr' },
    ar: { texts: arabic, locale: 'ar-u-nu-latn', direction: 'rtl' },
};

const KEY = 'sonomask-language';
const changes = new EventTarget();
let code = 'en';

function language() {
    return /** @type {(typeof LANGUAGES)[string]} */ (LANGUAGES[code]);
}

/**
 * Adds texts that the page needs only after its first answer (late.js).
 * @param {Record<string, Record<string, Text>>} late by language
 */
export function addTexts(late) {
    for (const [name, texts] of Object.entries(late)) Object.assign(LANGUAGES[name]?.texts ?? {}, texts);
}

/** @returns {string} the current language's code */
export function currentLanguage() {
    return code;
}

/** @param {() => void} listener called after the language changed */
export function onLanguage(listener) {
    changes.addEventListener('change', listener);
}

/**
 * A text of the current language. `{name}` is replaced by the parameter; a number is written as the language does.
 * A text with plural forms is chosen by `count`.
 * @param {Key} key
 * @param {Record<string, string | number>} [parameters]
 * @returns {string}
 */
export function t(key, parameters = {}) {
    const { texts, locale, direction } = language();
    /** @type {Text} */
    const entry = texts[key] ?? /** @type {Record<string, Text>} */ (english)[key] ?? key;
    const text =
        typeof entry === 'string'
            ? entry
            : (entry[new Intl.PluralRules(locale).select(Number(parameters['count'] ?? 0))] ?? entry.other ?? '');
    return text.replaceAll(/\{(\w+)\}/g, (whole, name) => {
        const value = parameters[name];
        if (value === undefined) return whole;
        if (typeof value === 'number') return formatNumber(value);
        // File names and reasons in Latin letters keep their own direction inside a right-to-left sentence.
        return direction === 'rtl' ? `\u2068${value}\u2069` : value;
    });
}

/** Browsers take long to make these, and the page writes many numbers. @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/**
 * @param {Intl.NumberFormatOptions} options
 * @returns {Intl.NumberFormat} of the current language
 */
function numberFormat(options) {
    const { locale } = language();
    const key = locale + JSON.stringify(options);
    const format = formats.get(key) ?? new Intl.NumberFormat(locale, options);
    formats.set(key, format);
    return format;
}

/**
 * Without the browser's tables of numbers, which take 20 ms to load, just when the first answer is to be shown.
 * @param {number} value
 * @returns {boolean} whether the current language writes it as JavaScript does
 */
function isPlain(value) {
    return currentLanguage() === 'en' && Math.abs(value) < 999;
}

/**
 * @param {number} value
 * @param {number} [digits] after the decimal sign
 * @returns {string}
 */
export function formatNumber(value, digits = 0) {
    if (isPlain(value)) return value.toFixed(digits);
    return numberFormat({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/**
 * @param {number} share 1 is 100 %
 * @returns {string} for example "63%"
 */
export function formatPercent(share) {
    if (isPlain(100 * share)) return `${(100 * share).toFixed(0)}%`;
    return numberFormat({ style: 'percent' }).format(share);
}

/**
 * @param {number} probability 0..1
 * @returns {string} a percentage, never rounded up to certainty or down to nothing
 */
export function formatProbability(probability) {
    // In words: signs of comparison turn around in right-to-left text.
    if (probability > 0.99 && probability < 1) return t('share.over', { share: formatPercent(0.99) });
    if (probability > 0 && probability < 0.01) return t('share.under', { share: formatPercent(0.01) });
    return formatPercent(probability);
}

/**
 * Writes the current language into every element below `root` that names a text: data-i18n for its content,
 * data-i18n-label for aria-label and the tooltip, data-i18n-title for the tooltip alone.
 * @param {ParentNode} root
 */
export function translate(root) {
    for (const node of root.querySelectorAll('[data-i18n]'))
        node.textContent = t(/** @type {Key} */ (node.getAttribute('data-i18n')));
    for (const node of root.querySelectorAll('[data-i18n-title]'))
        node.setAttribute('title', t(/** @type {Key} */ (node.getAttribute('data-i18n-title'))));
    for (const node of root.querySelectorAll('[data-i18n-label]')) {
        const text = t(/** @type {Key} */ (node.getAttribute('data-i18n-label')));
        node.setAttribute('aria-label', text);
        if (node.matches('button, label, a')) node.setAttribute('title', text);
    }
}

/** @param {string} wanted */
function apply(wanted) {
    code = wanted in LANGUAGES ? wanted : 'en';
    document.documentElement.lang = code;
    document.documentElement.dir = language().direction;
    translate(document);
    // A new title makes the browser draw its tabs again. In index.html it is the English one.
    if (document.title !== t('page.title')) document.title = t('page.title');
}

/** Takes the remembered choice, else the browser's language. */
export function startLanguage() {
    let wanted = null;
    try {
        wanted = localStorage.getItem(KEY);
    } catch {
        // Without storage every visit starts in the browser's language.
    }
    apply(wanted ?? navigator.languages.map(tag => tag.slice(0, 2)).find(tag => tag in LANGUAGES) ?? 'en');
}

/** @param {string} wanted */
export function chooseLanguage(wanted) {
    apply(wanted);
    try {
        localStorage.setItem(KEY, code);
    } catch {
        // The choice then lasts for this visit.
    }
    changes.dispatchEvent(new Event('change'));
}
