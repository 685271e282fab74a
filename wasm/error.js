/**
 * @typedef {import('./sonomask.js').ErrorCode} ErrorCode
 */

/** The only kind of error that this library throws: `code` for programs, a one-line `message` for people. */
export class SonomaskError extends Error {
    /** @readonly @override @type {'SonomaskError'} */
    name = 'SonomaskError';

    /**
     * @param {ErrorCode} code
     * @param {string} message
     * @param {ErrorOptions} [options]
     */
    constructor(code, message, options) {
        super(message, options);
        /** @type {ErrorCode} */
        this.code = code;
    }
}

/**
 * Throws `aborted` when `signal` is aborted.
 * @param {AbortSignal | undefined} signal
 */
export function throwIfAborted(signal) {
    if (signal?.aborted) throw abortedError(signal);
}

/**
 * @param {AbortSignal} signal
 * @returns {SonomaskError}
 */
export function abortedError(signal) {
    return new SonomaskError('aborted', 'stopped on request', { cause: signal.reason });
}

/**
 * @param {unknown} error
 * @returns {string} its message on one line
 */
export function messageOf(error) {
    return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').trim();
}

/**
 * @param {string} message of the browser
 * @returns {string} what to add when the content security policy forbids WebAssembly: some browsers then refuse to compile,
 *     others to start the module
 */
export function policyHint(message) {
    return /unsafe-eval|content.security.policy|\bCSP\b/i.test(message)
        ? '. The script-src of the content security policy must contain \'wasm-unsafe-eval\'' : '';
}
