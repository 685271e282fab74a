/** The packed package in Node 18, 20 and 22, Bun, Deno and workerd: the mask is that of the Node that runs the tests. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execute } from '../node/support/project.js';
import { SCAN, expectedMask } from './support/browser.js';
import { makeProject } from './support/package.js';

const TOOLS = path.join(path.dirname(fileURLToPath(import.meta.url)), 'node_modules');
const NODE_22 = path.join(TOOLS, 'node22/bin/node');

/** @type {[name: string, program: string, parameters: string[]][]} */
const RUNTIMES = [
    ['Node 18', 'node18/bin/node', []],
    ['Node 20', 'node20/bin/node', []],
    ['Node 22', 'node22/bin/node', []],
    ['Bun', '@oven/bun-linux-x64/bin/bun', []],
    ['Deno', '@deno/linux-x64-glibc/deno', ['run', '--allow-read', '--allow-sys', '--no-lock', '--node-modules-dir=manual']],
];

describe('runtimes', () => {
    /** @type {string} */
    let expected;

    before(async () => { expected = await expectedMask(); });

    for (const [name, program, parameters] of RUNTIMES) {
        const file = path.join(TOOLS, program);
        test(name, { skip: existsSync(file) ? false : `no ${program} for this machine` }, async () => {
            const folder = await makeProject(name.toLowerCase().replace(' ', ''), ['runtime']);
            const { stdout } = await execute(file, [...parameters, 'use.mjs', SCAN], { cwd: folder });
            assert.deepEqual(JSON.parse(stdout), { one: expected, pool: expected });
        });
    }

    test('workerd', { skip: existsSync(NODE_22) ? false : 'no Node 22 for this machine, which miniflare needs' }, async () => {
        const folder = await makeProject('workerd', ['workerd']);
        const { stdout } = await execute(NODE_22, ['run.mjs', SCAN], { cwd: folder });
        const { mask, errors } = JSON.parse(stdout.slice(stdout.indexOf('{')));
        assert.equal(mask, expected);
        const [wasm, weights, bytes, pool] = errors;
        assert.match(wasm, /^load-wasm: .*give the option wasm a compiled module/);
        assert.match(weights, /^load-weights: .*give the option weights/);
        assert.match(bytes, /^load-wasm: .*does not compile it: give the option wasm/);
        assert.match(pool, /^worker: .*use Sonomask/);
    });
});
