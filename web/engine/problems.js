/** What the page says about an error of the engine or of a source. */

/** @typedef {import('../state/item.js').Item} Item */

/**
 * The page's modules and the engine's are served as two joined files (web/serve.js), so errors are compared by name: only the
 * engine's file has the classes.
 * @param {unknown} error
 * @returns {string} code of a SonomaskError or ResourceError; "" for all others
 */
export function codeOf(error) {
    if (!(error instanceof Error) || !['SonomaskError', 'ResourceError'].includes(error.name)) return '';
    return 'code' in error ? String(error.code) : '';
}

/** Error codes that have a text in the language files. */
const KNOWN = /** @type {const} */ ([
    'memory',
    'image-empty',
    'image-format',
    'image-too-large',
    'image-too-small',
    'weights',
    'load-wasm',
    'load-weights',
    'worker',
    'weights-missing',
    'weights-html',
    'weights-altered',
]);

/**
 * The text for an error: a key of the language files, and the library's own message. An error of a source brings its own
 * (input/source.js); its class, too, may exist twice.
 * @param {unknown} error
 * @returns {Item['problem'] & object}
 */
export function problemOf(error) {
    if (error instanceof Error && error.name === 'SourceError' && 'problem' in error) return /** @type {Item['problem'] & object} */ (error.problem);
    const code = codeOf(error);
    const detail = error instanceof Error ? error.message : String(error);
    const known = KNOWN.find(name => name === code);
    return { key: known ? `problem.${known}` : 'problem.unknown', detail };
}

/**
 * @param {unknown} error
 * @returns {boolean} whether the work was cancelled, which is not a failure
 */
export function isAborted(error) {
    return codeOf(error) === 'aborted';
}

/**
 * @param {unknown} error
 * @returns {boolean} whether the input itself is at fault, so that trying again is of no use
 */
export function isRefused(error) {
    return codeOf(error) === 'argument';
}
