/** Trainings that go wrong, end early or were finished before: what is said, and what is on disk. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { BUILD, WEIGHTS } from './support/project.js';

const PROGRAM = path.join(BUILD, 'sonomask');

let folder = '', data = '';

before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sonomask-training-'));
    data = path.join(folder, 'data');
    assert.equal(run('phantom', '--out', data, '--count', '24', '--seed', '3').status, 0);
});
after(() => rmSync(folder, { recursive: true }));

/** @param {string[]} words */
function run(...words) {
    const { status, stdout, stderr } = spawnSync(PROGRAM, words, { encoding: 'utf8', timeout: 120000 });
    return { status, out: stdout, err: stderr };
}

/** Fine-tuning of the shipped weights. @param {string} out @param {string[]} more */
const tune = (out, ...more) => run('train', '--from', WEIGHTS, '--data', data, '--size', '32', '--threads', '1',
    '--out', path.join(folder, out), ...more);

/** @param {string} out */
function assertUsable(out) {
    for (const name of ['weights', 'best']) {
        const shown = run('info', '--model', path.join(folder, out, `${name}.safetensors`));
        assert.equal(shown.status, 0, shown.err);
    }
}

test('weights that a file cannot hold undo the epochs and halve the rate', () => {
    const words = ['--epochs', '8', '--learning-rate'];
    const first = tune('high', ...words, '0.5');
    assert.match(first.err, /^(the weights were too large for 16 bits|the (loss|gradient|weights) .*not finite): back to the start of epoch \d with half of the learning rate, 0\.25$/m);
    if (first.status === 0) { // whether a half is enough depends on the processor's last bits
        assertUsable('high');
        assert.match(first.err, /^epoch 8\/8: loss/m);
    } else {
        assert.match(first.err, /also with a learning rate of 0\.03125; the state at the start of epoch \d is saved: go on from there with --resume and a lower --learning-rate/);
    }

    // No rate that is tried helps: what is left can be gone on from.
    const hopeless = tune('hopeless', ...words, '10');
    assert.equal(hopeless.status, 1);
    assert.match(hopeless.err, /sonomask: .* in epoch \d, also with a learning rate of 0\.625; the state at the start of epoch 1 is saved: go on from there with --resume and a lower --learning-rate, or start again with --overwrite and a lower one\n$/);
    const again = tune('hopeless', ...words, '10', '--resume');
    assert.equal(again.status, 1);
    assert.match(again.err, /also with a learning rate of 0\.625; the state at the start of epoch 1 is saved/);
    const lower = tune('hopeless', ...words, '0.0001', '--resume');
    assert.equal(lower.status, 0, lower.err);
    assert.match(lower.err, /resuming with a lower learning rate, 0\.0001\nresuming at epoch 1, batch 1\n/);
    assert.match(lower.err, /^epoch 8\/8: loss/m);
    assertUsable('hopeless');
});

/** @param {string} out @param {string} name */
const read = (out, name) => readFileSync(path.join(folder, out, name), 'utf8');

/** The rows of log.csv by column. @param {string} out */
function log(out) {
    const [header = '', ...rows] = read(out, 'log.csv').trim().split('\n');
    const columns = header.split(',');
    return rows.map((row) => Object.fromEntries(row.split(',').map((value, index) => [columns[index], value])));
}

test('the scores that choose the epoch are in the log, the lines of JSON, the curves and the report', () => {
    const tuned = tune('tuned', '--epochs', '2', '--save-seconds', '0', '--json');
    assert.equal(tuned.status, 0, tuned.err);
    const lines = tuned.out.trim().split('\n').map((line) => JSON.parse(line));
    for (const [index, row] of log('tuned').entries()) {
        for (const name of ['inner_score', 'inner_gain', 'inner_error']) assert.equal(Number(row[name]), lines[index][name], name);
        const [, gain, error] = tuned.err.match(new RegExp(`^epoch ${index + 1}/2: .*this one (\\S+) over the start, standard error (\\S+)$`, 'm')) ?? [];
        assert.ok(Math.abs(Number(gain) - Number(row['inner_gain'])) < 1e-4);
        assert.ok(Math.abs(Number(error) - Number(row['inner_error'])) < 1e-4);
        const start = Number(/start from: inner score (\S+)/.exec(tuned.err)?.[1]);
        assert.ok(Math.abs(Number(row['inner_score']) - start - Number(row['inner_gain'])) < 1e-3);
    }
    assert.match(read('tuned', 'curves.svg'), />score, inner validation /);
    const report = read('tuned', 'report.html');
    assert.match(report, />score, inner validation /);
    assert.match(report, /The initial weights were kept \(best\.safetensors\): by inner validation, on 6 images that were not trained on, no epoch is better .*The highest gain was [+-]\d\.\d{4}, in epoch \d \(standard error \d\.\d{4}\)\./);
    assert.match(report, /Images of inner validation \(epoch 2\)/);
    assert.deepEqual(readdirSync(path.join(folder, 'tuned', 'panels')), ['epoch_001.png', 'epoch_002.png']);

    const words = ['train', '--data', data, '--net', 'unet16', '--size', '32', '--threads', '1', '--epochs', '2', '--save-seconds', '0'];
    const chosen = run(...words, '--inner', '0.2', '--fold', '0', '--out', path.join(folder, 'chosen'));
    assert.equal(chosen.status, 0, chosen.err);
    const rows = log('chosen'), best = Math.max(...rows.map((row) => Number(row['inner_score'])));
    const epoch = 1 + rows.findIndex((row) => Number(row['inner_score']) === best);
    const page = read('chosen', 'report.html');
    assert.ok(page.includes(`The weights of epoch ${epoch} were chosen (best.safetensors)`));
    assert.ok(page.includes(`is the highest, ${best.toFixed(4)}.`), 'random weights are not compared with');
    assert.match(page, /Images of validation/);
    assert.deepEqual(rows.map((row) => row['inner_gain']), ['', '']);

    const without = run(...words, '--out', path.join(folder, 'without'));
    assert.equal(without.status, 0, without.err);
    assert.doesNotMatch(read('without', 'curves.svg'), /validation/, 'no curve without a value');
    assert.doesNotMatch(read('without', 'report.html'), /chosen|kept/);
    assert.match(read('without', 'report.html'), /Images of training/);
});

/** Content and time of each file. @param {string} out */
const files = (out) => readdirSync(path.join(folder, out), { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, out, name)).filter((name) => statSync(name).isFile()).sort()
    .map((name) => [name, statSync(name).mtimeMs, readFileSync(name).toString('base64')]);

test('--resume leaves the files of a finished training, and goes on to more epochs', () => {
    const words = ['--save-seconds', '0', '--patience', '3', '--epochs'];
    assert.equal(tune('finished', ...words, '2').status, 0);
    const written = files('finished');
    const again = tune('finished', ...words, '2', '--resume');
    assert.equal(again.status, 0, again.err);
    assert.match(again.err, /^already finished: 2 epochs$/m);
    assert.doesNotMatch(again.err, /: loss|resuming/);
    assert.deepEqual(files('finished'), written);

    const more = tune('finished', ...words, '5', '--resume');
    assert.equal(more.status, 0, more.err);
    assert.match(more.err, /resuming with more epochs: the learning rate follows the schedule of 5 epochs\nresuming at epoch 3, batch 1/);
    const { options, training } = JSON.parse(read('finished', 'run.json'));
    assert.deepEqual([options.epochs, training.resumed], [5, true]);
    assert.equal(log('finished').length, 3, 'none of three epochs is better than the weights to start from');
    const ended = files('finished');
    assert.match(tune('finished', ...words, '5', '--resume').err, /^already finished: 3 epochs, no better one for --patience$/m);
    assert.deepEqual(files('finished'), ended);
});

test('folds that are trained side by side have the bits of trainings by hand; a line names each that is done', () => {
    const words = ['train', '--data', data, '--size', '32', '--threads', '1', '--epochs', '1'];
    const folds = path.join(folder, 'folds'), alone = path.join(folder, 'alone');
    const both = run(...words, '--folds', '2', '--jobs', '2', '--out', folds);
    assert.equal(both.status, 0, both.err);
    for (const fold of [0, 1]) assert.match(both.err, new RegExp(`^fold ${fold}: done$`, 'm'));
    assert.match(readFileSync(path.join(folds, 'fold1', 'progress.txt'), 'utf8'), /^epoch 1\/1: loss/m);
    assert.equal(run(...words, '--fold', '1', '--out', alone).status, 0);
    const weightsOf = (/** @type {string} */ out) => readFileSync(path.join(out, 'weights.safetensors'));
    assert.deepEqual(weightsOf(path.join(folds, 'fold1')), weightsOf(alone));
});
