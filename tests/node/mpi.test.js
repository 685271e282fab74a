// The program for mpirun: any number of ranks gives the same weights, also after failures. A short part runs by default;
// SONOMASK_EVERY_RANK=1 (make test-mpi) runs all. Skipped without Open MPI.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
    copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { BUILD, WEIGHTS } from './support/project.js';

const PLAIN = path.join(BUILD, 'sonomask');
const PROGRAM = path.join(BUILD, 'sonomask-mpi');
const ALL = Boolean(process.env.SONOMASK_EVERY_RANK);
const skip = existsSync(PROGRAM) && spawnSync('mpirun', ['--version']).status === 0 ? false : 'no Open MPI';
const slow = skip || (ALL ? false : 'a part of make test-mpi');
const TRAINING = ['--size', '32', '--batch', '8', '--shards', '8', '--threads', '1', '--fold', '0', '--inner', '0.2'];

let folder = '', data = '';

before(() => {
    if (skip) return;
    folder = mkdtempSync(path.join(tmpdir(), 'sonomask-mpi-'));
    data = path.join(folder, 'data');
    assert.equal(spawnSync(PLAIN, ['phantom', '--out', data, '--count', '30', '--seed', '3']).status, 0);
});
after(() => {
    if (folder) rmSync(folder, { recursive: true });
});

/** @param {number} ranks */
const mpirun = (ranks) => [
    ...(process.getuid?.() === 0 ? ['--allow-run-as-root'] : []), '--oversubscribe', '-n', String(ranks),
];

/** @param {string[]} words */
function run(...words) {
    const { status, stdout, stderr } = spawnSync('mpirun', words, { encoding: 'utf8', timeout: 600000 });
    return { status, out: stdout, err: stderr };
}

/** @param {number} ranks @param {string} out @param {string[]} more */
const train = (ranks, out, ...more) =>
    run(...mpirun(ranks), PROGRAM, 'train', '--data', data, '--out', path.join(folder, out), ...TRAINING, ...more);

/** @param {string} out */
const hashes = (out) => ['weights', 'best'].map((name) =>
    createHash('sha256').update(readFileSync(path.join(folder, out, `${name}.safetensors`))).digest('hex'));

/** @param {string} out @param {string} epochs */
function trainPlain(out, epochs) {
    const words = ['train', '--data', data, '--out', path.join(folder, out), ...TRAINING, '--epochs', epochs];
    assert.equal(spawnSync(PLAIN, words).status, 0);
    return hashes(out);
}

/** Weights of a short training. */
function network() {
    const weights = path.join(folder, 'plain', 'weights.safetensors');
    if (!existsSync(weights)) trainPlain('plain', '2');
    return weights;
}

test('any number of ranks trains the same weights as one process', { skip }, () => {
    const expected = trainPlain('plain', '2');
    let last = { err: '' };
    for (const ranks of ALL ? [1, 2, 3, 4, 8] : [2]) {
        const trained = last = train(ranks, `ranks${ranks}`, '--epochs', '2');
        assert.equal(trained.status, 0, trained.err);
        assert.deepEqual(hashes(`ranks${ranks}`), expected, `${ranks} ranks`);
        assert.equal(trained.err.match(/epoch 1\/2: /g)?.length, 1); // the line of the epoch; a slow one has lines of its progress, too
    }
    const record = JSON.parse(readFileSync(path.join(folder, 'ranks2', 'run.json'), 'utf8'));
    assert.equal(record.training.ranks, 2);
    assert.match(last.err, /trained for [\d.]+ s: network .*other ranks .*outside the network [\d.]+ % of the epochs/);
    assert.equal(record.training.shards, 8);
});

test('ranks with other data or options are refused', { skip: slow }, () => {
    const other = path.join(folder, 'other');
    assert.equal(spawnSync(PLAIN, ['phantom', '--out', other, '--count', '30', '--seed', '4']).status, 0);
    /** @param {string} from @param {string[]} more */
    const one = (from, ...more) =>
        [PROGRAM, 'train', '--data', from, '--out', path.join(folder, 'refused'), ...TRAINING, '--epochs', '1', ...more];
    const first = [...mpirun(1), ...one(data), ':', '-n', '1'];
    assert.match(run(...first, ...one(other)).err, /sonomask: rank 1 has other data than rank 0/);
    assert.match(run(...first, ...one(data, '--seed', '9')).err, /sonomask: rank 1 has other options than rank 0/);
    assert.ok(!existsSync(path.join(folder, 'refused')));
    assert.match(train(3, 'refused', '--epochs', '1', '--shards', '2').err, /3 ranks cannot share 2 shards/);
});

test('ranks go back together when the training diverges', { skip: slow }, () => {
    const words = ['--from', WEIGHTS, '--epochs', '6', '--learning-rate', '0.5'];
    const plain = ['train', '--data', data, '--out', path.join(folder, 'steep'), ...TRAINING, ...words];
    const one = spawnSync(PLAIN, plain, { encoding: 'utf8' });
    assert.match(one.stderr, /back to the start of epoch \d with half of the learning rate/);
    const two = train(2, 'steep2', ...words);
    const said = (/** @type {string} */ text) => text.match(/^.*(back to the start|: loss|also with a learning rate).*$/gm);
    assert.deepEqual(said(two.err), said(one.stderr));
    assert.equal(two.status, one.status);
    if (one.status === 0) assert.deepEqual(hashes('steep2'), hashes('steep'));
});

test('evaluate scores the same on two ranks', { skip: slow }, () => {
    const model = network();
    /** @param {string} out */
    const words = (out) => ['evaluate', '--data', data, '--model', model, '--threads', '1', '--no-pictures', '--robustness-images', '2', '--out',
        path.join(folder, out)];
    assert.equal(spawnSync(PLAIN, words('one')).status, 0);
    const two = run(...mpirun(2), PROGRAM, ...words('two'));
    assert.equal(two.status, 0, two.err);
    /** @param {string} out */
    const rows = (out) => readFileSync(path.join(folder, out, 'images.csv'), 'utf8').split('\n').map((row) => row.split(','));
    const timed = /** @type {string[]} */ (rows('one')[0]).indexOf('milliseconds');
    /** @param {string} out */
    const untimed = (out) => rows(out).map((row) => row.filter((_, column) => column !== timed));
    assert.deepEqual(untimed('two'), untimed('one'));
    /** @param {string} out */
    const robustness = (out) => /<h2 id="robustness">[^]*/.exec(readFileSync(path.join(folder, out, 'report.html'), 'utf8'))?.[0];
    assert.ok(robustness('one'));
    assert.deepEqual(robustness('two'), robustness('one'));
});

test('predict on several ranks writes what one process writes', { skip }, () => {
    const images = path.join(data, 'images'), double = path.join(folder, 'double');
    const bad = path.join(folder, 'bad.png'), first = /** @type {string} */ (readdirSync(images).sort()[0]);
    writeFileSync(bad, 'no image');
    mkdirSync(double);
    copyFileSync(path.join(images, first), path.join(double, first));
    /** @param {string} out */
    const words = (out) => ['predict', '--model', network(), '--threads', '1',
        '--overlay', '--out', path.join(folder, out), bad, images, double];
    /** @param {string} text */
    const untimed = (text) => text.replace(/"milliseconds":[^}]*/g, '');
    const messages = (/** @type {string} */ text) => text.replace(/^predict.*\n/gm, ''); // without progress, which takes its time
    const one = spawnSync(PLAIN, words('masks'), { encoding: 'utf8' });
    assert.equal(one.status, 1);
    for (const ranks of ALL ? [2, 3, 8] : [3]) {
        const out = `masks${ranks}`, several = run(...mpirun(ranks), PROGRAM, ...words(out));
        assert.equal(several.status, 1);
        assert.equal(untimed(several.out), untimed(one.stdout));
        assert.ok(messages(several.err).startsWith(messages(one.stderr)), several.err); // mpirun adds that the run failed
        assert.match(several.err, /bad\.png: not an image[\s\S]*its mask would overwrite[\s\S]*2 of 32 files failed/);
        const names = readdirSync(path.join(folder, 'masks')).sort();
        assert.deepEqual(readdirSync(path.join(folder, out)).sort(), names);
        for (const name of names)
            assert.ok(readFileSync(path.join(folder, out, name)).equals(readFileSync(path.join(folder, 'masks', name))));
    }
    const other = [...words('refused').slice(0, -1), '--threshold', '0.3'];
    const apart = run(...mpirun(1), PROGRAM, ...words('refused'), ':', '-n', '1', PROGRAM, ...other);
    assert.match(apart.err, /sonomask: rank 1 has other options than rank 0/);
    assert.ok(!existsSync(path.join(folder, 'refused')));
});

/** The processes that run the program: their ids. */
function processes() {
    return readdirSync('/proc').filter((name) => {
        try {
            return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/exe`) === PROGRAM &&
                readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(folder);
        } catch {
            return false;
        }
    }).map(Number);
}

/** @param {number} milliseconds */
const sleep = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

/**
 * Starts the program on ranks, and ends one of them by SIGKILL once it is `ready`, given its messages, and a random time of at
 * most `milliseconds` has passed.
 * @param {number} ranks @param {string[]} words @param {(messages: string) => boolean} ready @param {number} milliseconds
 */
async function kill(ranks, words, ready, milliseconds) {
    const child = spawn('mpirun', [...mpirun(ranks), PROGRAM, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
    let err = '';
    child.stderr.on('data', (bytes) => { err += bytes; });
    const ended = new Promise((resolve) => { child.on('close', resolve); });
    while (!ready(err) && child.exitCode === null) await sleep(20);
    await sleep(milliseconds * Math.random());
    const running = processes();
    assert.equal(running.length, ranks);
    process.kill(/** @type {number} */ (running[Math.floor(ranks * Math.random())]), 'SIGKILL');
    assert.notEqual(await ended, 0);
    assert.match(err, /exited on signal 9/);
    return err;
}

test('a killed rank ends the run, which resumes on any number of ranks to the same weights', { skip: slow }, async () => {
    const words = [...TRAINING, '--epochs', ALL ? '24' : '12', '--save-seconds', '0'];
    assert.equal(spawnSync(PLAIN, ['train', '--data', data, '--out', path.join(folder, 'whole'), ...words]).status, 0);
    const out = path.join(folder, 'killed'), expected = hashes('whole');
    /** @param {string[]} more */
    const command = (...more) => ['train', '--data', data, '--out', out, ...words, ...more];
    for (const [round, ranks] of (ALL ? [2, 4, 1, 8] : [2]).entries()) {
        const err = await kill(ranks, command(...(round > 0 ? ['--resume'] : [])),
            (text) => new RegExp(`epoch ${round * 4 + 2}/\\d+: loss`).test(text), ALL ? 400 : 50);
        if (ranks > 1) assert.match(err, /(another rank ended|continue with --resume|signal 9)/);
        assert.ok(existsSync(path.join(out, 'checkpoint.bin')));
        assert.ok(!existsSync(path.join(out, 'weights.safetensors.tmp')));
    }
    const resumed = run(...mpirun(ALL ? 3 : 4), PROGRAM, ...command('--resume'));
    assert.equal(resumed.status, 0, resumed.err);
    assert.deepEqual(hashes('killed'), expected);
});

test('a killed rank ends predict, and whole masks stay', { skip: slow }, async () => {
    const many = path.join(folder, 'many'), out = path.join(folder, 'some');
    assert.equal(spawnSync(PLAIN, ['phantom', '--out', many, '--count', '80', '--seed', '5']).status, 0);
    const err = await kill(2, ['predict', '--threads', '1', '--model', network(),
        '--out', out, path.join(many, 'images')], () => existsSync(out) && readdirSync(out).length > 0, 200);
    assert.match(err, /another rank ended or does not answer|signal 9/);
    for (const name of existsSync(out) ? readdirSync(out) : []) assert.match(name, /_mask\.png$/);
});

test('mpirun with the plain program runs the program for MPI', { skip }, () => {
    const version = run(...mpirun(2), PLAIN, '--version');
    assert.match(version.out, /^sonomask \S+\n$/); // one rank prints
    assert.match(run(...mpirun(2), PROGRAM, 'info').err, /info runs in one process/);
    assert.match(run(...mpirun(2), PROGRAM, 'bench').err, /several processes of mpirun need --shards/);
});
