/** Requests to an archive of images, with an error for each kind of trouble. Nothing of the answers is kept in a cache. */

/**
 * `unreachable`: no answer at all. `refused`: name or password are missing, wrong or not sufficient. `missing`: the archive does
 * not have it. `too-large`: it takes no object of this size. `full`: it has no space. `busy`: it cannot do it now. `slow`: nothing
 * came for the whole patience. `not-stored`: it did not keep an object. `answer`: any other answer that is none.
 * @typedef {'unreachable' | 'refused' | 'missing' | 'too-large' | 'full' | 'busy' | 'slow' | 'not-stored' | 'answer'} Trouble
 */

/** @type {Record<Trouble, string>} */
const MESSAGES = {
    unreachable: 'the archive cannot be reached',
    refused: 'the archive refuses name and password',
    missing: 'the archive does not have it',
    'too-large': 'the archive takes no object of this size',
    full: 'the archive has no space left',
    busy: 'the archive cannot do it now',
    slow: 'the archive does not answer in time',
    'not-stored': 'the archive did not store it',
    answer: 'the archive gave an unexpected answer',
};

export class ArchiveError extends Error {
    /** @readonly @override @type {'ArchiveError'} */
    name = 'ArchiveError';

    /**
     * @param {Trouble} trouble
     * @param {string} detail
     * @param {ErrorOptions} [options]
     */
    constructor(trouble, detail, options) {
        super(`${MESSAGES[trouble]} (${detail})`, options);
        this.trouble = trouble;
        this.detail = detail;
    }
}

/** @type {Record<number, Trouble>} */
const BY_STATUS = { 401: 'refused', 403: 'refused', 404: 'missing', 408: 'slow', 410: 'missing', 413: 'too-large', 429: 'busy', 500: 'busy', 502: 'busy', 503: 'busy', 504: 'slow', 507: 'full' };

const PATIENCE = 30_000; // milliseconds without a byte

export class Archive {
    #root;
    #headers;
    /** @readonly */
    patience;

    /**
     * @param {string} root address
     * @param {{ headers?: Record<string, string>, patience?: number }} [options] headers go with every request; patience is the
     *     longest time without an answer or a byte, in milliseconds
     */
    constructor(root, { headers = {}, patience = PATIENCE } = {}) {
        this.#root = root.replace(/\/+$/, '');
        this.#headers = headers;
        this.patience = patience;
    }

    /**
     * @param {string} path below the root
     * @param {RequestInit & { patience?: number }} options
     * @returns {Promise<{ status: number, type: string, body: Uint8Array<ArrayBuffer> }>}
     * @throws {ArchiveError} also for every status that is none of success; the reason of `signal` when that is aborted
     */
    async request(path, { patience = this.patience, signal, headers, ...options }) {
        const own = new AbortController();
        const abort = () => own.abort();
        signal?.addEventListener('abort', abort);
        /** @type {ReturnType<typeof setTimeout> | undefined} */
        let timer;
        const wait = () => {
            clearTimeout(timer);
            timer = setTimeout(abort, patience);
        };
        try {
            signal?.throwIfAborted();
            wait();
            const response = await fetch(`${this.#root}/${path}`, {
                ...options, headers: { ...this.#headers, ...headers }, signal: own.signal, cache: 'no-store',
            });
            /** @type {Uint8Array<ArrayBuffer>[]} */
            const chunks = [];
            const reader = response.body?.getReader();
            for (let isOver = !reader; !isOver; ) {
                wait();
                const { done, value } = (await reader?.read()) ?? { done: true };
                if (value) chunks.push(/** @type {Uint8Array<ArrayBuffer>} */ (value));
                isOver = done;
            }
            const { status } = response;
            // 409 comes with the list of what was not stored.
            if (!response.ok && status !== 409) throw new ArchiveError(BY_STATUS[status] ?? 'answer', `HTTP ${status}`);
            return { status, type: response.headers.get('content-type') ?? '', body: new Uint8Array(await new Blob(chunks).arrayBuffer()) };
        } catch (error) {
            signal?.throwIfAborted();
            if (error instanceof ArchiveError) throw error;
            if (own.signal.aborted) throw new ArchiveError('slow', `nothing for ${patience / 1000} s`, { cause: error });
            const { cause, message } = /** @type {any} */ (error);
            throw new ArchiveError('unreachable', cause?.code ?? cause?.message ?? message, { cause: error });
        } finally {
            clearTimeout(timer);
            signal?.removeEventListener('abort', abort);
        }
    }
}
