/** Trainings that go wrong, end early or were finished before: what is said, and what is on disk. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
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
    const words = ['--epochs', '8', '--save-seconds', '0', '--learning-rate'];
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
