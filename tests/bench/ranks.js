#!/usr/bin/env node
/**
 * Measures data-parallel training on this machine, and from its parts predicts that of many machines:
 *
 *     node tests/bench/ranks.js [SIZE [BATCH [SHARDS]]]      (`make bench-mpi`; by default 128 16 4)
 *
 * Compares one process with one thread, one with two threads, two ranks, and two processes at once that have nothing to
 * do with each other: what these lose to one alone (memory bandwidth, clock rate, turns on the processors) no program
 * can win back. BENCH_SECONDS (2) is the time of each measurement of steps, BENCH_ROUNDS (3) how often they are repeated.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** @typedef {Record<'step_ms' | 'images_per_second' | 'computing_ms' | 'waiting_ms' | 'adding_ms' | 'sending_ms' | 'optimiser_ms' | 'addition_ms' | 'bytes' | 'own_shards' | 'latency_us' | 'bandwidth_gb_per_second', number>} Cost as `sonomask bench --shards --json` prints it */

const BUILD = process.env.BUILD ?? 'build';
const PLAIN = path.join(BUILD, 'sonomask'), PROGRAM = path.join(BUILD, 'sonomask-mpi');
const SECONDS = process.env.BENCH_SECONDS ?? '2', ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const [size = 128, batch = 16, shards = 4] = process.argv.slice(2).map(Number);
const execute = promisify(execFile);

const step = ['bench', '--train', '--size', size, '--batch', batch, '--shards', shards, '--seconds', SECONDS, '--json'].map(String);

/** @type {[string, ...string[]]} */
const mpirun = ['mpirun', ...(process.getuid?.() === 0 ? ['--allow-run-as-root'] : []), '--oversubscribe', '-n', '2'];

/** @param {string} program @param {string[]} words @returns {Promise<Cost>} */
const measure = async (program, ...words) => JSON.parse((await execute(program, words)).stdout);

/** @param {number[]} values */
function median(values) {
    const sorted = [...values].sort((a, b) => a - b), half = sorted.length >> 1;
    const upper = sorted[half] ?? NaN;
    return sorted.length % 2 ? upper : (upper + (sorted[half - 1] ?? NaN)) / 2;
}

/** The mean of the largest of `count` numbers of a standard normal distribution. */
function largest(/** @type {number} */ count) {
    let below = 0, mean = 0;
    for (let x = -6; x < 6; x += 0.001) {
        const before = below;
        below += 0.001 * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
        mean += x * (below ** count - before ** count);
    }
    return mean;
}

/** One round of all measurements. */
async function round() {
    const one = await measure(PLAIN, ...step, '--threads', '1');
    const threads = await measure(PLAIN, ...step, '--threads', '2');
    const [launcher, ...words] = mpirun;
    const ranks = await measure(launcher, ...words, PROGRAM, ...step, '--threads', '1');
    const apart = await Promise.all([1, 2].map(() => measure(PLAIN, ...step, '--threads', '1')));
    return { one, threads, ranks, apart: apart.reduce((sum, cost) => sum + cost.images_per_second, 0) };
}

const IMAGES = 100, EPOCHS = 4;

/** Draws the phantoms on which whole trainings are measured; one in five validates. */
async function drawPhantoms() {
    const folder = await mkdtemp(path.join(tmpdir(), 'sonomask-ranks-'));
    await execute(PLAIN, ['phantom', '--out', path.join(folder, 'data'), '--count', String(IMAGES), '--width', '320', '--height', '240']);
    return folder;
}

/**
 * A whole training: with augmentation, validation and one saving at the end.
 * @param {string} folder @param {string} out @param {number} threads @param {string[]} program
 */
async function train(folder, out, threads, ...program) {
    const [first = '', ...words] = [...program, 'train', '--data', path.join(folder, 'data'), '--out', path.join(folder, out), '--size', size,
        '--batch', batch, '--shards', shards, '--epochs', EPOCHS, '--fold', 0, '--threads', threads,
        '--overwrite'].map(String);
    const { stderr } = await execute(first, words);
    const all = Number(/trained for ([\d.]+) s/.exec(stderr)?.[1]);
    const seconds = (/** @type {string} */ name) => all * Number(new RegExp(`${name} ([\\d.]+) %`).exec(stderr)?.[1]) / 100;
    return { epochs: all - seconds('start'), validation: seconds('rest of validation') + seconds('and'), writing: seconds('writing'), images: seconds('images') };
}

/** One round of whole trainings. @param {string} folder */
async function trainingRound(folder) {
    const one = await train(folder, 'one', 1, PLAIN);
    const threads = await train(folder, 'threads', 2, PLAIN);
    const ranks = await train(folder, 'ranks', 1, ...mpirun, PROGRAM);
    const apart = await Promise.all([train(folder, 'one', 1, PLAIN), train(folder, 'other', 1, PLAIN)]);
    return { one, threads: threads.epochs, ranks: ranks.epochs, apart: (apart[0].epochs + apart[1].epochs) / 2 };
}

/** @type {Awaited<ReturnType<typeof round>>[]} */
const rounds = [];
/** @type {Awaited<ReturnType<typeof trainingRound>>[]} */
const trainings = [];
const phantoms = await drawPhantoms();
for (let i = 0; i < ROUNDS; i++) {
    rounds.push(await round());
    trainings.push(await trainingRound(phantoms));
}
await rm(phantoms, { recursive: true });

/** @param {'one' | 'threads' | 'ranks'} kind @param {keyof Cost} name */
const term = (kind, name) => median(rounds.map((r) => r[kind][name]));
const ratio = (/** @type {(r: Awaited<ReturnType<typeof round>>) => number} */ of) => median(rounds.map(of)).toFixed(2);
/** @param {string} label @param {number} value @param {string} unit */
const line = (label, value, unit) => console.log(`  ${label.padEnd(62)} ${value.toPrecision(3).padStart(8)} ${unit}`);

console.log(`Steps of ${batch} images of ${size}x${size} in ${shards} shards; medians of ${ROUNDS} rounds, ratios of each round\n`);
line('one process, one thread', term('one', 'images_per_second'), 'images/s');
line('one process, two threads', term('threads', 'images_per_second'), 'images/s');
line('two ranks, one thread each', term('ranks', 'images_per_second'), 'images/s');
console.log(`  two ranks against one thread ${ratio((r) => r.ranks.images_per_second / r.one.images_per_second)} (target 1.8), `
    + `against two threads ${ratio((r) => r.ranks.images_per_second / r.threads.images_per_second)} (target 0.95)`);
console.log(`  the ceiling: two processes that share nothing, against one alone ${ratio((r) => r.apart / r.one.images_per_second)}\n`);

/** @param {(r: Awaited<ReturnType<typeof trainingRound>>) => number} of */
const training = (of) => median(trainings.map(of));
console.log(`Whole trainings, ${EPOCHS} epochs over ${IMAGES} phantoms, a fifth of them for validation; without reading the images`);
line('one process, one thread', training((r) => r.one.epochs), 's');
console.log(`  two ranks against one thread ${training((r) => r.one.epochs / r.ranks).toFixed(2)}, against two threads `
    + `${training((r) => r.threads / r.ranks).toFixed(2)}`);
console.log('  the ceiling: two trainings that share nothing, against one alone (whose images are augmented on the idle processor) '
    + `${training((r) => 2 * r.one.epochs / r.apart).toFixed(2)}\n`);

const bytes = term('ranks', 'bytes');
const terms = {
    c: term('ranks', 'computing_ms') / term('ranks', 'own_shards'), w: term('ranks', 'waiting_ms'), a: term('ranks', 'addition_ms'),
    o: term('ranks', 'optimiser_ms'),
};
console.log('Terms, milliseconds of one rank while the other works, too');
line('c  computing one shard', terms.c, 'ms');
line('w  waiting for the slower of two ranks, per step', terms.w, 'ms');
line('V  gradients and statistics', bytes / 1e6, 'MB');
line('a  adding a vector to another (of that memory bandwidth)', terms.a, `ms (${(terms.a / bytes * 1e9).toPrecision(3)} ps per byte)`);
line('   adding, measured per step', term('ranks', 'adding_ms'), 'ms');
line('   exchange of V, measured per step', term('ranks', 'sending_ms'), 'ms');
line('l  latency of an exchange between two local ranks', term('ranks', 'latency_us') / 1e3, 'ms');
line('B  bandwidth between two local ranks, each direction', term('ranks', 'bandwidth_gb_per_second'), 'GB/s');
line('o  optimiser, on every rank', terms.o, 'ms');
const validated = training((r) => r.one.validation / EPOCHS / (IMAGES / 5)), saved = training((r) => r.one.writing);
line('v  validating an image', validated * 1e3, 'ms');
line('s  saving weights, checkpoint, report and pictures (rank 0)', saved * 1e3, 'ms');
console.log(`  with saving every 30 s: ${(100 * saved / 30).toFixed(2)} % of the time\n`);

/**
 * Milliseconds of a step on `ranks` ranks, of which `together` share a network card of `bandwidth` bytes per second.
 * @param {number} ranks @param {number} cut shards @param {number} together @param {number} bandwidth @param {number} latency ms
 */
function predict(ranks, cut, together, bandwidth, latency) {
    const own = Math.ceil(cut / ranks);
    const computing = own * terms.c;
    const waiting = terms.w * largest(ranks) / largest(2) * own / term('ranks', 'own_shards');
    const adding = terms.a * (own - 1 + (Math.min(cut, ranks) - 1) / ranks);
    const outside = ranks > together ? together * (ranks - together) / ranks : (ranks - 1) / ranks;
    const exchange = 2 * bytes * outside / bandwidth * 1e3 + (2 * (ranks - 1) + 2 * Math.ceil(Math.log2(ranks))) * latency;
    return { step: computing + waiting + adding + exchange + terms.o, computing, waiting, adding, exchange };
}

console.log('Model: step = k c + w E(R)/E(2) k/k2 + a (k - 1 + (R - 1)/R) + 2 V p (R - p)/(R B) + (2 (R - 1) + 2 log2 R) l + o');
console.log('       R ranks, p of them per machine, k shards each; E(R): mean of the largest of R normal numbers; k2: k of two ranks');
const local = predict(2, shards, 2, term('ranks', 'bandwidth_gb_per_second') * 1e9, term('ranks', 'latency_us') / 2e3);
console.log(`  check: two local ranks, predicted ${local.step.toFixed(1)} ms, measured ${term('ranks', 'step_ms').toFixed(1)} ms\n`);
const ETHERNET = 0.94 * 10e9 / 8; /* what TCP leaves of 10 Gbit/s */
const LATENCY = 0.03; /* ms, of a small message over TCP; an assumption */
console.log('Predicted for 10 Gbit/s (94 % of it, 30 us per message), the images of a shard as measured');
console.log('  ranks  per machine  shards  images  step ms  computing  waiting  adding  exchange  steps/s  images/s  efficiency');
for (const [ranks, together, own] of /** @type {[number, number, number][]} */ ([[2, 1, 1], [8, 1, 1], [64, 1, 1], [64, 1, 4], [64, 2, 1], [64, 8, 1], [64, 8, 4]])) {
    const cut = ranks * own, images = cut * batch / shards;
    const p = predict(ranks, cut, together, ETHERNET, LATENCY);
    const alone = images / (cut * terms.c + terms.a * (cut - 1) + terms.o); /* one rank with all shards, images per ms */
    const cells = [[ranks, 7], [together, 12], [cut, 7], [images, 7]].map(([value, width]) => String(value).padStart(width ?? 0));
    const times = [[p.step, 8], [p.computing, 10], [p.waiting, 8], [p.adding, 7], [p.exchange, 9]].map(([value, width]) =>
        (value ?? 0).toFixed(1).padStart(width ?? 0));
    const efficiency = images / p.step / ranks / alone;
    console.log([...cells, ...times, (1e3 / p.step).toFixed(1).padStart(8), (1e3 * images / p.step).toFixed(0).padStart(9),
        efficiency.toFixed(2).padStart(11)].join(' '));
}
