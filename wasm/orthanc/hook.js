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
/** After trouble with the archive. */
const PAUSE = 2_000; // milliseconds
/** Per worker: one instance is fetched and one is stored meanwhile. */
const OPEN = 3;

/** Trouble that may pass: of the archive, not of the instance. @param {unknown} error */
const passes = error => error instanceof ArchiveError && ['unreachable', 'refused', 'slow', 'full'].includes(error.trouble);

/** @param {number} milliseconds */
const pause = milliseconds => new Promise(resolve => {
    setTimeout(resolve, milliseconds);
});

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

    /** Lets `run` end after the instances that are open. */
    end() {
        this.#isEnding = true;
        this.#wake();
        this.#freed();
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
        while (!this.#isEnding) {
            this.#isAwake = false;
            let log;
            try {
                log = await this.#orthanc.changes(this.#since, CHANGES_AT_ONCE);
            } catch (error) {
                this.#report({ instance: '', error: reasonOf(error), again: true });
                await this.#rest(PAUSE);
                continue;
            }
            for (const { sequence, instance } of log.changes) {
                if (this.#isEnding) break;
                if (instance !== null) {
                    while (running.size >= OPEN * this.#engine.size && !this.#isEnding) await new Promise(resolve => {
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

    /**
     * @param {string} instance
     * @returns {Promise<boolean>} whether it is done; false only when the hook ends before
     */
    async #look(instance) {
        for (;;) {
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
            if (this.#isEnding) return false;
            await pause(PAUSE);
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
