/** Requests to the worker that decodes DICOM and TIFF files (decoder.js), which starts with the first of them. */
import { inlined } from '../engine/inlined.js';
import { SourceError } from './source.js';

/**
 * @typedef {import('./decoder.js').Request} Request
 * @typedef {import('../i18n/i18n.js').Key} Key
 */

/**
 * @typedef {object} Waiting
 * @property {Request} request
 * @property {(result: any) => void} resolve
 * @property {(error: SourceError) => void} reject
 */

/** No valid file takes so long; a damaged one may keep a decoder busy for ever. */
const LONGEST = 60_000; // milliseconds

/** By the reader's reason: a text of the language files. @type {Record<string, Key>} */
const PROBLEMS = {
    'damaged': 'problem.dicom-damaged',
    'no-pixels': 'problem.dicom-no-pixels',
    'other-object': 'problem.dicom-no-pixels',
    'syntax': 'problem.dicom-syntax',
    'kind': 'problem.dicom-kind',
    'too-large': 'problem.image-too-large',
    'directory': 'problem.dicomdir',
    'video': 'problem.dicom-video',
    'library': 'problem.dicom-library',
    'tiff': 'problem.tiff',
    'unreadable': 'problem.unreadable',
    'no-uids': 'problem.no-uids',
    'frames': 'problem.dicom-frames',
};

/** One request at a time, so that the one that takes too long is known. @type {Waiting[]} */
const queue = [];
/** @type {{ worker: Worker, answered: boolean } | null} */
let running = null;
/** @type {Waiting | null} */
let current = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let lastSource = 0;

/** @returns {number} the number of a new file */
export function newSource() {
    return ++lastSource;
}

/**
 * @param {Request} request
 * @returns {Promise<any>}
 */
export function ask(request) {
    return new Promise((resolve, reject) => {
        queue.push({ request, resolve, reject });
        next();
    });
}

/**
 * @param {Blob} file
 * @param {'derived' | 'reference' | 'reference-with-person'} kind
 * @returns {Promise<any>} what the worker reads of it; the file is not kept
 */
export function askOnce(file, kind) {
    return ask({ source: newSource(), kind, file, frame: null });
}

/** @param {number} source that is not needed any more */
export function forget(source) {
    running?.worker.postMessage({ close: source });
}

/** @returns {Worker} */
function start() {
    const worker = inlined
        ? new Worker(inlined.decoder, { type: 'module' })
        : new Worker(new URL('./decoder.js', import.meta.url), { type: 'module' });
    const state = { worker, answered: false };
    running = state;
    worker.addEventListener('message', ({ data }) => {
        state.answered = true;
        const { result, error } = data;
        finish(waiting => {
            if (error) waiting.reject(new SourceError(PROBLEMS[error.reason] ?? 'problem.unknown', error.detail));
            else waiting.resolve(result);
        });
    });
    worker.addEventListener('error', event => {
        event.preventDefault();
        stop();
        // A worker that never answered could not be loaded; another one ended within a file.
        finish(waiting => waiting.reject(state.answered ? new SourceError('problem.dicom-damaged', event.message) : new SourceError('problem.dicom-library')));
    });
    if (inlined) worker.postMessage({ module: inlined.openjpeg });
    return worker;
}

/** Ends the worker. The next request starts another one, which opens its file again. */
function stop() {
    running?.worker.terminate();
    running = null;
}

/** @param {(waiting: Waiting) => void} settle */
function finish(settle) {
    clearTimeout(timer);
    const waiting = current;
    current = null;
    if (waiting) settle(waiting);
    next();
}

function next() {
    if (current) return;
    const waiting = queue.shift();
    if (!waiting) return;
    current = waiting;
    timer = setTimeout(() => {
        stop();
        finish(({ reject }) => reject(new SourceError('problem.decoder-slow')));
    }, LONGEST);
    (running?.worker ?? start()).postMessage(waiting.request);
}
