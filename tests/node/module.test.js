/** The built modules themselves. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { Sonomask } from '../../wasm/sonomask.js';
import { hasRelaxedSimd, hasSimd, ownWasm } from '../../wasm/own-files.js';
import { scan } from './support/images.js';
import { BUILD, RELAXED_WASM, SCALAR_WASM, SIMD_WASM, WEIGHTS, execute, temporaryFolder } from './support/project.js';

const CODE_LIMIT = 90_000;
const MEMORY_LIMIT = 64_000_000;

/** Instructions of the SIMD proposal have this prefix; engines without SIMD refuse modules that use it. */
for (const [name, file] of [['relaxed', RELAXED_WASM], ['simd', SIMD_WASM], ['scalar', SCALAR_WASM]]) {
    test(`${name}: the only import is the notification of memory growth`, async () => {
        const module = await WebAssembly.compile(await readFile(/** @type {string} */ (file)));
        assert.deepEqual(WebAssembly.Module.imports(module),
            [{ module: 'env', name: 'emscripten_notify_memory_growth', kind: 'function' }]);
    });

    test(`${name}: at most ${CODE_LIMIT} bytes when compressed`, async (context) => {
        const size = gzipSync(await readFile(/** @type {string} */ (file)), { level: 9 }).length;
        context.diagnostic(`${size} bytes`);
        assert.ok(size <= CODE_LIMIT, `${size} bytes`);
    });

    test(`${name}: one image takes at most 64 MB of memory`, async (context) => {
        const sonomask = await Sonomask.load({ wasm: file, weights: WEIGHTS });
        const started = sonomask.memoryBytes;
        const data = new Uint8Array(800 * 600 * 4).fill(255);
        scan(800, 600).forEach((value, index) => data.fill(value, 4 * index, 4 * index + 3));
        await sonomask.segment({ data, width: 800, height: 600 });
        const { memoryBytes } = sonomask;
        context.diagnostic(`${started} bytes after loading, ${memoryBytes} after an RGBA image of 800 x 600`);
        assert.ok(memoryBytes <= MEMORY_LIMIT, `${memoryBytes} bytes`);
        for (let round = 0; round < 4; round++) {
            await sonomask.segment({ data, width: 800, height: 600 });
            sonomask.encodePng(data, 800, 600);
        }
        assert.ok(sonomask.memoryBytes <= memoryBytes * 1.25, 'and does not grow with their number');
        sonomask.dispose();
    });
}

test('an engine gets the fastest module that it can run', async () => {
    assert.equal(hasSimd(), true);
    assert.equal(path.basename(ownWasm().pathname), `sonomask.${hasRelaxedSimd() ? 'relaxed' : 'simd'}.wasm`);
    const probed = await WebAssembly.compile(await readFile(RELAXED_WASM)).then(() => true, () => false);
    assert.equal(hasRelaxedSimd(), probed);
    assert.equal((await Sonomask.load({ weights: null })).info.backend, 'simd128');
});

/** The exports, called in ways in which the package never calls them. */
test('calls out of order, absurd sizes and full memory end in a status', async () => {
    const module = await WebAssembly.compile(await readFile(SIMD_WASM));
    const instance = new WebAssembly.Instance(module, { env: { emscripten_notify_memory_growth() {} } });
    const core = /** @type {any} */ (instance.exports);
    core._initialize?.();
    const name = (/** @type {number} */ status) => {
        const bytes = new Uint8Array(core.memory.buffer, core.sonomask_status_name(status), 40);
        return Buffer.from(bytes.subarray(0, bytes.indexOf(0))).toString();
    };
    const message = () => {
        const bytes = new Uint8Array(core.memory.buffer, core.sonomask_error_message(), 512);
        return Buffer.from(bytes.subarray(0, bytes.indexOf(0))).toString();
    };
    /** @param {number} status @param {string} expected */
    const ends = (status, expected) => {
        assert.equal(name(status), expected);
        assert.notEqual(message(), '');
    };
    ends(core.sonomask_segment(0.5, 0, 0), 'argument');
    ends(core.sonomask_encode_png(), 'argument');
    ends(core.sonomask_decode(1), 'image-empty');
    ends(core.sonomask_load(0, 0), 'weights');
    ends(core.sonomask_load(99, 0), 'argument');
    ends(core.sonomask_set_image(0, -5, 1), 'image-too-small');
    ends(core.sonomask_set_image(0x7fffffff, 0x7fffffff, 4), 'image-too-large');
    ends(core.sonomask_set_image(10, 10, 4), 'argument');
    ends(core.sonomask_measure(10, 10, 1, 1, 0.5, 0), 'argument');
    ends(core.sonomask_measure(10, 10, 0, 0, 0.5, 0), 'argument');
    ends(core.sonomask_contours(10, 10), 'argument');
    assert.equal(core.sonomask_model(), 0);
    assert.equal(core.sonomask_model_network(), 0);
    assert.equal(core.sonomask_lesion(0), 0);
    assert.equal(core.sonomask_lesion(-1), 0);
    assert.equal(core.sonomask_input(0xffffffff), 0, 'more than there can be');
    assert.equal(core.sonomask_input(0), 0);

    // Fill the memory, so that the next large allocation fails.
    assert.notEqual(core.sonomask_input(8000 * 8000 * 4), 0);
    assert.equal(name(core.sonomask_set_image(8000, 8000, 4)), 'ok');
    let size = 2 ** 31;
    while (size > 0 && core.sonomask_input(size) === 0) size -= 2 ** 24;
    assert.ok(size > 2 ** 30);
    ends(core.sonomask_encode_png(), 'memory');
    core.sonomask_unload();
    assert.notEqual(core.sonomask_input(1000), 0, 'and works afterwards');
});

test('the plain U-Net at 256 x 256 also takes at most 64 MB', async (context) => {
    const weights = path.join(await temporaryFolder(context), 'unet16.safetensors');
    await execute(path.join(BUILD, 'sonomask'), ['export', '--net', 'unet16', '--size', '256', '--weights', weights]);
    const sonomask = await Sonomask.load({ weights });
    await sonomask.segment({ data: new Uint8Array(scan(800, 600)), width: 800, height: 600 });
    context.diagnostic(`${sonomask.memoryBytes} bytes`);
    assert.ok(sonomask.memoryBytes <= MEMORY_LIMIT, `${sonomask.memoryBytes} bytes`);
    sonomask.dispose();
});
