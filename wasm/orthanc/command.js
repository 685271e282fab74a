/** `npx sonomask orthanc`: the hook as a command. */
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { UsageError } from '../cli-options.js';
import { reasonOf } from '../cli-reasons.js';
import { ArchiveError } from '../dicom/archive.js';
import { messageOf } from '../error.js';
import { ownWeights } from '../own-files.js';
import { SonomaskPool } from '../sonomask.js';
import { Hook, listen, pauseAfter } from './hook.js';
import { Orthanc } from './orthanc.js';

const USAGE = `usage: sonomask orthanc [OPTION]...

Segments every ultrasound instance that an Orthanc receives from now on, and stores a DICOM SEG and a DICOM SR beside it, in its
study. Prints one JSON line per instance; what fails is named there and on stderr, and is noted at the instance as metadata 4216
("sonomask"). While the archive cannot be reached, refuses the password, is busy or full, the instance is tried again after 2
seconds, 4, 8 and so on up to 5 minutes, and the state keeps it as not done. SEG and SR name patient and study as the image
does. Ctrl-C ends it after the instances in work. Research only, not a medical device.

  --url URL         address of Orthanc, with the DICOMweb plug-in (default: http://127.0.0.1:8042)
  --listen PORT     port on this machine that sonomask.lua, the script inside Orthanc, reports new instances to; without a report
                    they are found within five seconds (default: 8043; 0: none)
  --state FILE      remembers which changes are done, so that nothing is left out while the command does not run
  --all             without a state, begins with the oldest instance and not with the next one
  --model FILE      weights file (default: $SONOMASK_MODEL, else the weights of the package)
  --threads N       instances that are processed at the same time (default: one per processor)
  --help            this text

Name and password come from the environment: ORTHANC_USER, ORTHANC_PASSWORD.`;

/** Trouble at the start that may pass. @type {import('../dicom/archive.js').Trouble[]} */
const WAITED_FOR = ['unreachable', 'slow', 'busy'];

/**
 * @param {string | undefined} text
 * @param {{ name: string, least: number, most: number, otherwise: number }} limits
 */
function wholeNumber(text, { name, least, most, otherwise }) {
    if (text === undefined) return otherwise;
    const value = /^\d+$/.test(text) ? Number(text) : -1;
    if (value >= least && value <= most) return value;
    throw new UsageError(`--${name} needs a whole number from ${least} to ${most}, not "${text}"`);
}

/** @param {string[]} argv after the name of the command */
function optionsOf(argv) {
    const options = /** @type {const} */ ({
        url: { type: 'string' }, listen: { type: 'string' }, state: { type: 'string' }, all: { type: 'boolean' },
        model: { type: 'string' }, threads: { type: 'string' }, help: { type: 'boolean' },
    });
    let values;
    try {
        ({ values } = parseArgs({ args: argv, options }));
    } catch (error) {
        throw new UsageError(messageOf(error), { cause: error });
    }
    const url = values.url ?? 'http://127.0.0.1:8042';
    if (!/^https?:\/\/[^\s]+$/.test(url) || !URL.canParse(url)) throw new UsageError(`--url needs an address, not "${url}"`);
    if (new URL(url).username !== '') throw new UsageError('name and password are given as ORTHANC_USER and ORTHANC_PASSWORD');
    return {
        url, state: values.state, isFromStart: values.all ?? false, isHelp: values.help ?? false,
        port: wholeNumber(values.listen, { name: 'listen', least: 0, most: 65535, otherwise: 8043 }),
        model: values.model ?? (process.env['SONOMASK_MODEL'] || fileURLToPath(ownWeights())),
        threads: wholeNumber(values.threads, { name: 'threads', least: 1, most: 256, otherwise: availableParallelism?.() ?? cpus().length }),
    };
}

/**
 * @param {string | undefined} file
 * @returns {Promise<number | null>} null: there is none yet
 */
async function readState(file) {
    const text = file === undefined ? null : await readFile(file, 'utf8').catch(error => {
        if (error.code === 'ENOENT') return null;
        throw new Error(`${file}: ${reasonOf(error)}`, { cause: error });
    });
    if (text === null) return null;
    let done;
    try {
        ({ done } = JSON.parse(text));
    } catch {
        // It is named below.
    }
    if (!Number.isSafeInteger(done)) throw new Error(`${file}: it is no state of sonomask orthanc; without the file, --all begins with the oldest instance`);
    return done;
}

/**
 * The archive may start later than the hook, or be busy.
 * @param {Orthanc} orthanc
 * @param {(error: string) => void} report called before it is asked again
 * @param {AbortSignal} signal
 * @returns {Promise<number | null>} sequence number of its last change; null: the signal came first
 * @throws {Error} trouble that does not pass by itself, such as a wrong password
 */
async function lastChangeOf(orthanc, report, signal) {
    for (let times = 1; ; times++) {
        try {
            return await orthanc.lastChange(signal);
        } catch (error) {
            if (signal.aborted) return null;
            if (!(error instanceof ArchiveError) || !WAITED_FOR.includes(error.trouble)) throw error;
            report(reasonOf(error));
        }
        await setTimeout(pauseAfter(times), null, { signal }).catch(() => null);
        if (signal.aborted) return null;
    }
}

/** @param {string} line */
function complain(line) {
    process.stderr.write(`${line.replace(/\p{Cc}/gu, '?')}\n`);
}

/**
 * @param {string[]} argv after the name of the command
 * @returns {Promise<number>} exit status: 1 when an instance failed
 * @throws {UsageError}
 */
export async function runHook(argv) {
    const { url, state, isFromStart, isHelp, port, model, threads } = optionsOf(argv);
    if (isHelp) {
        process.stdout.write(`${USAGE}\n`);
        return 0;
    }
    const orthanc = new Orthanc(url, { user: process.env['ORTHANC_USER'], password: process.env['ORTHANC_PASSWORD'] });
    /** Instances that failed, with the reason. @type {Map<string, string>} */
    const failed = new Map();
    let answered = 0;
    const engine = await SonomaskPool.load({ weights: model, size: threads, idleMilliseconds: Infinity });
    try {
        const weights = createHash('sha256').update(await readFile(model)).digest('hex');
        const ending = new AbortController();
        for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => ending.abort());
        const kept = await readState(state);
        const newest = await lastChangeOf(orthanc, error => complain(`sonomask: ${url}: ${error}; it is tried again`), ending.signal);
        if (newest === null) return 0;
        // Every instance would count as done.
        if (kept !== null && kept > newest)
            throw new Error(`${state} is of another archive: it ends at change ${kept}, and ${url} is at ${newest}. Remove it, or name another file`);
        const since = kept ?? (isFromStart ? 0 : newest);
        const hook = new Hook(orthanc, engine, { version: engine.info.version, network: engine.info.network, weights }, since, outcome => {
            const { instance, error, again } = outcome;
            if (error) complain(`sonomask: ${instance ? `instance ${instance}` : url}: ${error}${again ? '; it is tried again' : ''}`);
            if (instance && !again) process.stdout.write(`${JSON.stringify(outcome)}\n`);
            if (error && !again) failed.set(instance, error);
            else if (!error) answered++;
        });
        const server = port === 0 ? null : await listen(port, () => hook.wake());
        ending.signal.addEventListener('abort', () => hook.end());
        if (ending.signal.aborted) hook.end();
        complain(`sonomask: waits for ultrasound instances of ${url}`);
        let last = since;
        const saved = async () => {
            if (state === undefined || hook.done === last) return;
            last = hook.done;
            await writeFile(`${state}.tmp`, `${JSON.stringify({ done: last })}\n`);
            await rename(`${state}.tmp`, state);
        };
        if (state !== undefined) await writeFile(state, `${JSON.stringify({ done: since })}\n`);
        try {
            await hook.run(saved);
        } finally {
            server?.close();
            server?.closeAllConnections();
        }
    } finally {
        engine.dispose();
    }
    complain(`sonomask: ${answered} instances answered, ${failed.size} failed`);
    for (const [instance, error] of failed) complain(`  ${instance}: ${error}`);
    return failed.size === 0 ? 0 : 1;
}
