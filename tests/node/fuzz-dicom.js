#!/usr/bin/env node
/**
 * Runs the page's DICOM reader on damaged files:
 *
 *     node tests/node/fuzz-dicom.js [--seconds N | --runs N] [--seed N] [--out DIR]    for that time or number
 *     node tests/node/fuzz-dicom.js FILE...                                             these files once
 *     node tests/node/fuzz-dicom.js --write-corpus                                      the corpus from its seeds
 *
 * Inputs that reach new blocks of the reader's code are kept and changed further. A finding is an error that is not one
 * of the reader's own, or an input that takes too long or too much memory. The input is then written to DIR, and the exit
 * status is 1.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../wasm/error.js';
import { Coverage } from './fuzz/coverage.js';
import { Random, mutate } from './fuzz/mutate.js';
import { dicomSeeds } from './fuzz/seeds.js';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const CORPUS = path.join(HERE, 'fuzz/corpus');
const TARGET = path.join(HERE, 'fuzz/dicom-target.js');

/** Inputs between two checks of the coverage. */
const BATCH = 128;
/** Bytes that one input may make the reader allocate, whatever its size. */
const MOST_ALLOCATED = 16 << 20;
const MOST_RESIDENT = 2 ** 31;
const LONGEST_INPUT = 1 << 20;

/**
 * Memory shared by the two threads: the number of inputs begun, and the length and bytes of the current input.
 * @typedef {{ counts: Int32Array<SharedArrayBuffer>, input: Uint8Array<SharedArrayBuffer> }} Shared
 */

/**
 * @typedef {object} Task
 * @property {string} target module that exports `run` and `covers`
 * @property {Uint8Array[]} corpus
 * @property {boolean} once run the corpus and change nothing
 * @property {number} seed
 * @property {number} runs
 * @property {number} milliseconds until the end of all
 * @property {number} inputMilliseconds that one input may take
 * @property {Shared} shared
 */

/** @param {Task} task */
async function work({ target, corpus, once, seed, runs, milliseconds, shared }) {
    /** @type {{ run: (bytes: Uint8Array) => Promise<void>, covers: (url: string) => boolean }} */
    const { run, covers } = await import(target);
    const coverage = new Coverage(covers);
    const random = new Random(seed);
    const end = Date.now() + milliseconds;
    /** @type {Uint8Array[]} */
    const kept = [];
    let done = 0;
    const attempt = async (/** @type {Uint8Array} */ input) => {
        const bytes = input.subarray(0, LONGEST_INPUT);
        shared.input.set(bytes);
        Atomics.store(shared.counts, 1, bytes.length);
        Atomics.add(shared.counts, 0, 1);
        const before = process.memoryUsage().arrayBuffers;
        await run(bytes);
        // A rejection that nothing handles is reported before the next input begins.
        await setImmediate();
        const allocated = process.memoryUsage().arrayBuffers - before;
        if (allocated > MOST_ALLOCATED) throw new Error(`${allocated >> 20} MB allocated for ${bytes.length} bytes`);
        done++;
    };
    for (const input of corpus) {
        await attempt(input);
        coverage.add(coverage.takeNew());
        kept.push(input);
    }
    const isOver = () => once || done >= runs || Date.now() >= end;
    /**
     * Keeps those inputs that reach new blocks. Checking the coverage takes longer than running many inputs, so the halves of
     * a batch that reached something are tried again, down to single inputs.
     * @param {Uint8Array[]} batch
     */
    const keepNew = async batch => {
        for (const input of batch) await attempt(input);
        const blocks = coverage.takeNew();
        const [first] = batch;
        if (blocks.length === 0 || !first) return;
        if (batch.length === 1) {
            coverage.add(blocks);
            kept.push(first);
            return;
        }
        const half = batch.length >> 1;
        await keepNew(batch.slice(0, half));
        await keepNew(batch.slice(half));
    };
    while (!isOver()) await keepNew(Array.from({ length: BATCH }, () => mutate(random.pick(kept), random.pick(kept), random)));
    return { done, kept: kept.length, blocks: coverage.size };
}

/**
 * @param {Task} task
 * @returns {Promise<string>} one line about what ran
 * @throws {Error} with one line about the finding; its input is the shared one
 */
function watch(task) {
    const worker = new Worker(new URL(import.meta.url), { workerData: task });
    const { counts } = task.shared;
    return new Promise((resolve, reject) => {
        let last = { count: -1, since: Date.now() };
        const monitor = setInterval(() => {
            const count = Atomics.load(counts, 0);
            if (count !== last.count) last = { count, since: Date.now() };
            if (process.memoryUsage.rss() > MOST_RESIDENT) reject(new Error(`the process takes more than ${MOST_RESIDENT >> 20} MB`));
            // Before the first input the worker loads its modules.
            if (count > 0 && Date.now() - last.since > task.inputMilliseconds) reject(new Error(`takes longer than ${task.inputMilliseconds} ms`));
        }, 250);
        worker.on('message', ({ done, kept, blocks }) => resolve(`${done} runs, ${kept} inputs kept, ${blocks} blocks reached`));
        worker.on('error', reject);
        worker.on('exit', () => {
            clearInterval(monitor);
            reject(new Error('the worker ended'));
        });
    }).finally(() => worker.terminate());
}

/** @param {string[]} argv */
function optionsOf(argv) {
    return parseArgs({
        args: argv,
        allowPositionals: true,
        options: {
            seconds: { type: 'string' },
            runs: { type: 'string' },
            seed: { type: 'string', default: '1' },
            out: { type: 'string', default: 'build/fuzz' },
            target: { type: 'string', default: TARGET },
            'input-seconds': { type: 'string', default: '10' },
            'write-corpus': { type: 'boolean' },
        },
    });
}

/**
 * @param {ReturnType<optionsOf>} options
 * @returns {Promise<number>} exit status
 */
async function main({ values, positionals }) {
    if (values['write-corpus']) {
        await mkdir(CORPUS, { recursive: true });
        for (const [name, bytes] of Object.entries(dicomSeeds())) await writeFile(path.join(CORPUS, name), bytes);
        return 0;
    }
    const limits = [values.seed, values.runs ?? 'Infinity', values.seconds ?? (values.runs ? 'Infinity' : '60'), values['input-seconds']];
    const [seed = 0, runs = 0, seconds = 0, inputSeconds = 0] = limits.map(Number);
    if (![seed, runs, seconds, inputSeconds].every(value => value >= 0)) {
        process.stderr.write('fuzz-dicom: --seconds, --runs, --seed and --input-seconds are numbers, 0 or more\n');
        return 2;
    }
    const files = positionals.length > 0 ? positionals : (await readdir(CORPUS)).sort().map(name => path.join(CORPUS, name));
    const corpus = await Promise.all(files.map(async file => new Uint8Array(await readFile(file))));
    const shared = { counts: new Int32Array(new SharedArrayBuffer(8)), input: new Uint8Array(new SharedArrayBuffer(LONGEST_INPUT)) };
    try {
        const summary = await watch({
            target: path.resolve(values.target),
            corpus,
            once: positionals.length > 0,
            seed,
            runs,
            milliseconds: 1000 * seconds,
            inputMilliseconds: 1000 * inputSeconds,
            shared,
        });
        process.stdout.write(`fuzz-dicom: ${summary}, no findings\n`);
        return 0;
    } catch (error) {
        const input = shared.input.slice(0, shared.counts[1]);
        const file = path.join(values.out, `dicom-${createHash('sha256').update(input).digest('hex').slice(0, 12)}.dcm`);
        await mkdir(values.out, { recursive: true });
        await writeFile(file, input);
        process.stderr.write(`fuzz-dicom: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\nfuzz-dicom: the input is ${file}\n`);
        return 1;
    }
}

if (!isMainThread) {
    parentPort?.postMessage(await work(workerData));
} else {
    try {
        process.exitCode = await main(optionsOf(process.argv.slice(2)));
    } catch (error) {
        process.stderr.write(`fuzz-dicom: ${messageOf(error)}\n`);
        process.exitCode = error instanceof TypeError && 'code' in error ? 2 : 1;
    }
}
