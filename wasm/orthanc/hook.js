/**
 * Answers the ultrasound instances that an Orthanc receives: reads the log of its changes, and at once when sonomask.lua reports
 * a new instance. An instance is noted when it is answered or cannot be. One that could not be fetched or stored is tried again.
 */
import { createServer } from 'node:http';
import { once } from 'node:events';
import { ArchiveError } from '../dicom/archive.js';
import { reasonOf } from '../cli-reasons.js';
import { answer } from './answer.js';

/**
 * @typedef {import('../dicom/derived.js').Maker} Maker
 * @typedef {import('../sonomask.js').SonomaskPool} SonomaskPool
 * @typedef {import('./orthanc.js').Orthanc} Orthanc
 */

/**
 * What happened to an instance. `error` is why it cannot be answered, or why it is tried again.
 * @typedef {{ instance: string, sopInstance?: string, frames?: number, lesions?: number, milliseconds?: number, error?: string, again?: boolean }} Outcome
 */

const ULTRASOUND = new Set(['1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.5.1.4.1.1.3.1', '1.2.840.10008.5.1.4.1.1.6', '1.2.840.10008.5.1.4.1.1.3']);
/** Secondary captures, which are of any modality. */
const CAPTURE = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.7(\.[1-4])?$/;

const CHANGES_AT_ONCE = 100;
/** How often the log is read without a report. */
const INTERVAL = 5_000; // milliseconds
/** After trouble with the archive; twice as long each time after that. */
const PAUSE = 2_000; // milliseconds
const LONGEST_PAUSE = 300_000; // milliseconds
/** Per worker: one instance is fetched and one is stored meanwhile. */
const OPEN = 3;
/** An instance that was tried so often leaves its place to others while it waits, but only so many do. */
const PATIENT = 4;
const MOST_WAITING = 100;

/** Trouble that may pass: of the archive, not of the instance. @param {unknown} error */
const passes = error => error instanceof ArchiveError && ['unreachable', 'refused', 'slow', 'busy', 'full'].includes(error.trouble);

/**
 * @param {number} times that it was tried without success, from 1 on
 * @returns {number} milliseconds until it is tried again
 */
export function pauseAfter(times) {
    return Math.min(LONGEST_PAUSE, PAUSE * 2 ** Math.min(times - 1, 30));
}

export class Hook {
    #orthanc;
    #engine;
    #maker;
    #report;
    /** Sequence numbers of changes that are being looked at. @type {Set<number>} */
    #open = new Set();
    #since;
    #isEnding = false;
    /** Ends the wait for the next change. */
    #wake = () => {};
    #isAwake = false;
    /** Instances that wait to be tried again and hold no place. */
    #waiting = 0;
    /** End the waits until an instance is tried again. @type {Map<() => void, ReturnType<typeof setTimeout>>} */
    #pauses = new Map();
    /** Ends the wait for a free place. */
    #freed = () => {};

    /**
     * @param {Orthanc} orthanc
     * @param {SonomaskPool} engine
     * @param {Maker} maker
     * @param {number} since sequence number of the last change that is done
     * @param {(outcome: Outcome) => void} report
     */
    constructor(orthanc, engine, maker, since, report) {
        this.#orthanc = orthanc;
        this.#engine = engine;
        this.#maker = maker;
        this.#since = since;
        this.#report = report;
    }

    /** @returns {number} sequence number up to which all changes are done */
    get done() {
        return this.#open.size === 0 ? this.#since : Math.min(...this.#open) - 1;
    }

    /** Lets `run` end after the instances that are open. Those that wait to be tried again stay to be done. */
    end() {
        this.#isEnding = true;
        this.#wake();
        this.#freed();
        for (const [stop, timer] of this.#pauses) {
            clearTimeout(timer);
            stop();
        }
        this.#pauses.clear();
    }

    /** Lets the log be read now. */
    wake() {
        this.#isAwake = true;
        this.#wake();
    }

    /**
     * @param {() => Promise<void>} saved called after each part of the log
     * @returns {Promise<void>} after `end`
     */
    async run(saved) {
        /** @type {Set<Promise<void>>} */
        const running = new Set();
        let misses = 0;
        while (!this.#isEnding) {
            this.#isAwake = false;
            let log;
            try {
                log = await this.#orthanc.changes(this.#since, CHANGES_AT_ONCE);
                misses = 0;
            } catch (error) {
                this.#report({ instance: '', error: reasonOf(error), again: true });
                await this.#rest(pauseAfter(++misses));
                continue;
            }
            for (const { sequence, instance } of log.changes) {
                if (this.#isEnding) break;
                if (instance !== null) {
                    while (running.size - this.#waiting >= OPEN * this.#engine.size && !this.#isEnding) await new Promise(resolve => {
                        this.#freed = () => resolve(undefined);
                    });
                    if (this.#isEnding) break;
                    this.#open.add(sequence);
                    const work = this.#look(instance).then(isDone => {
                        running.delete(work);
                        // One that is not done stays open, so that the next run begins with it.
                        if (isDone) this.#open.delete(sequence);
                        this.#freed();
                    });
                    running.add(work);
                }
                this.#since = sequence;
            }
            if (!this.#isEnding && log.isAll) this.#since = Math.max(this.#since, log.last);
            await saved();
            if (log.isAll && !this.#isEnding && !this.#isAwake) await this.#rest(INTERVAL);
        }
        await Promise.all(running);
        await saved();
    }

    /** @param {number} milliseconds at most; less when it is woken */
    async #rest(milliseconds) {
        /** @type {ReturnType<typeof setTimeout> | undefined} */
        let timer;
        await new Promise(resolve => {
            this.#wake = () => resolve(undefined);
            timer = setTimeout(resolve, milliseconds);
        });
        clearTimeout(timer);
    }

    /** @param {number} milliseconds at most; none when the hook ends */
    async #pause(milliseconds) {
        if (this.#isEnding) return;
        await new Promise(resolve => {
            const end = () => {
                this.#pauses.delete(end);
                resolve(undefined);
            };
            const timer = setTimeout(end, milliseconds);
            this.#pauses.set(end, timer);
        });
    }

    /**
     * @param {string} instance
     * @returns {Promise<boolean>} whether it is done; false only when the hook ends before
     */
    async #look(instance) {
        for (let times = 1; ; times++) {
            try {
                await this.#answer(instance);
                return true;
            } catch (error) {
                this.#report({ instance, error: reasonOf(error), again: passes(error) });
                if (!passes(error)) {
                    // What cannot be noted is in the log of the program.
                    await this.#orthanc.setNote(instance, `failed: ${reasonOf(error)}`).catch(() => undefined);
                    return true;
                }
            }
            const isApart = times >= PATIENT && this.#waiting < MOST_WAITING;
            if (isApart) this.#waiting++;
            this.#freed();
            await this.#pause(pauseAfter(times));
            if (isApart) this.#waiting--;
            if (this.#isEnding) return false;
        }
    }

    /** @param {string} instance */
    async #answer(instance) {
        const sopClass = await this.#orthanc.sopClass(instance);
        const isImage = ULTRASOUND.has(sopClass) || (CAPTURE.test(sopClass) && (await this.#orthanc.modality(instance)) === 'US');
        if (!isImage || (await this.#orthanc.note(instance)) !== '') return;
        const started = performance.now();
        const file = await this.#orthanc.file(instance);
        const { files, sopInstance, frames, lesions } = await answer(file, this.#engine, this.#maker);
        await this.#orthanc.store(files);
        await this.#orthanc.setNote(instance, `answered by sonomask ${this.#maker.version}, weights ${this.#maker.weights}`);
        this.#report({ instance, sopInstance, frames, lesions, milliseconds: Math.round(performance.now() - started) });
    }
}

/**
 * Listens on this machine only; every request wakes the hook. Nothing is read from it.
 * @param {number} port 0: a free one
 * @param {() => void} wake
 * @returns {Promise<import('node:http').Server>}
 */
export async function listen(port, wake) {
    const server = createServer((request, response) => {
        request.resume();
        request.on('end', () => {
            response.writeHead(204).end();
            wake();
        });
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
}
