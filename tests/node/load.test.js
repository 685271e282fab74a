import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { ownWasm } from '../../wasm/own-files.js';
import { Sonomask, SonomaskError, SonomaskPool } from '../../wasm/sonomask.js';
import { scanPng } from './support/images.js';
import { SCALAR_WASM, WEIGHTS, temporaryFolder } from './support/project.js';
import { buildSafetensors, parseSafetensors, withNaN } from './support/safetensors.js';

/**
 * @param {import('../../wasm/sonomask.js').LoadOptions} options
 * @param {string} code
 * @param {RegExp} message
 */
async function refuses(options, code, message) {
    await assert.rejects(Sonomask.load({ weights: WEIGHTS, ...options }), (error) => {
        assert.ok(error instanceof SonomaskError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        assert.ok(!error.message.includes('\n'), 'one line');
        return true;
    });
}

/** What the package chooses for this engine. */
const OWN_WASM = fileURLToPath(ownWasm());
const wasm = await readFile(OWN_WASM);
const weights = await readFile(WEIGHTS);

test('takes wasm and weights from paths, URLs, bytes, a compiled module and promises, with the same answer', async () => {
    const image = scanPng(120, 90);
    const expected = await (await Sonomask.load({ weights: WEIGHTS })).segment(image);
    const buffer = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength);
    const ways = [
        { wasm: OWN_WASM, weights: WEIGHTS },
        { wasm: path.relative(process.cwd(), OWN_WASM), weights: path.relative(process.cwd(), WEIGHTS) },
        { wasm: pathToFileURL(OWN_WASM), weights: pathToFileURL(WEIGHTS).href },
        { wasm: new Uint8Array(wasm), weights: new Uint8Array(weights) },
        { wasm: buffer, weights },
        { wasm: await WebAssembly.compile(wasm), weights },
        { wasm: WebAssembly.compile(wasm), weights: readFile(WEIGHTS) },
        { wasm: `data:application/wasm;base64,${wasm.toString('base64')}`, weights },
        { wasm: new URL(`data:,${[...wasm].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`), weights },
    ];
    for (const way of ways) {
        const sonomask = await Sonomask.load(way);
        const result = await sonomask.segment(image);
        assert.deepEqual(result.probabilityMap, expected.probabilityMap);
        sonomask.dispose();
    }
});

test('info describes network and weights', async () => {
    const { info } = await Sonomask.load({ weights: WEIGHTS });
    assert.equal(info.version, JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')).version);
    assert.equal(info.backend, 'simd128');
    assert.equal(info.network, 'sonomask2');
    assert.ok(info.inputSize >= 32 && info.inputSize % 32 === 0);
    assert.ok(info.threshold > 0 && info.threshold < 1);
    assert.ok(info.temperature > 0);
    assert.ok(info.minimumArea >= 0 && info.minimumArea < 1);
    assert.equal((await Sonomask.load({ weights: WEIGHTS, wasm: SCALAR_WASM })).info.backend, 'scalar');
    assert.equal((await Sonomask.load({ weights: WEIGHTS, inputSize: 64 })).info.inputSize, 64);
});

test('without weights everything except segment works', async () => {
    const sonomask = await Sonomask.load({ weights: null });
    assert.equal(sonomask.info.network, '');
    const decoded = await sonomask.decode(scanPng(20, 10));
    assert.deepEqual([decoded.width, decoded.height], [20, 10]);
    await assert.rejects(sonomask.segment(scanPng(20, 10)), { code: 'no-model' });
});

test('errors of the module have a clear message', async (context) => {
    const folder = await temporaryFolder(context);
    /** @param {string} name @param {Uint8Array | string} bytes */
    const file = async (name, bytes) => {
        await writeFile(path.join(folder, name), bytes);
        return path.join(folder, name);
    };
    await refuses({ wasm: path.join(folder, 'none.wasm') }, 'load-wasm', /none\.wasm: no such file/);
    await refuses({ wasm: folder }, 'load-wasm', /is a folder/);
    await refuses({ wasm: await file('a.wasm', '') }, 'load-wasm', /a\.wasm: the file is empty/);
    await refuses({ wasm: await file('b.wasm', '<!DOCTYPE html><title>x</title>') }, 'load-wasm', /b\.wasm.*HTML page/);
    await refuses({ wasm: await file('c.wasm', 'hello, world') }, 'load-wasm', /c\.wasm.*not WebAssembly.*magic/);
    await refuses({ wasm: await file('d.wasm', wasm.subarray(0, 5000)) }, 'load-wasm', /d\.wasm.*does not compile/);
    const empty = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
    await refuses({ wasm: empty }, 'load-wasm', /not the module of sonomask/);
    await refuses({ wasm: /** @type {any} */ (7) }, 'argument', /expected a URL/);
});

test('errors of the weights have a clear message', async (context) => {
    const folder = await temporaryFolder(context);
    await refuses({ weights: path.join(folder, 'none.safetensors') }, 'load-weights', /none\.safetensors: no such file/);
    await refuses({ weights: new Uint8Array() }, 'load-weights', /empty/);
    await refuses({ weights: Buffer.from('  <html><body>404') }, 'load-weights', /HTML page/);
    await refuses({ weights: Buffer.from('hello, this is not a safetensors file') }, 'weights', /the weights from the bytes/);
    const name = path.join(folder, 'cut.safetensors');
    await writeFile(name, weights.subarray(0, weights.length - 100));
    await refuses({ weights: name }, 'weights', /cut\.safetensors: ./);
    await refuses({ weights: withNaN(weights) }, 'weights', /./);
    const { header, data } = parseSafetensors(weights);
    const [first = ''] = Object.keys(header).filter((key) => key !== '__metadata__');
    const { [first]: _dropped, ...rest } = header;
    await refuses({ weights: buildSafetensors(rest, data) }, 'weights', /./);
    const foreign = { ...header, __metadata__: { ...header.__metadata__, network: 'resnet' } };
    await refuses({ weights: buildSafetensors(foreign, data) }, 'weights', /resnet/);
});

test('errors of other options have a clear message', async () => {
    await refuses({ inputSize: 100 }, 'argument', /100/);
    await refuses({ inputSize: 1.5 }, 'argument', /inputSize/);
    await refuses({ inputSize: 4096 }, 'argument', /4096/);
    await refuses({ backend: /** @type {any} */ ('gpu') }, 'argument', /no backend "gpu"/);
    await refuses({ backend: 'simd128', wasm: SCALAR_WASM }, 'argument', /./);
    for (const Kind of /** @type {any[]} */ ([Sonomask, SonomaskPool]))
        assert.throws(() => new Kind(), { name: 'SonomaskError', code: 'argument', message: /\.load\(\)/ });
});

test('loads from a server; errors contain the HTTP status', async (context) => {
    const server = createServer((request, response) => {
        response.setHeader('connection', 'close'); // no connection is kept: on a slow machine it could close just when it is used again
        switch (request.url) {
            case '/sonomask.wasm': response.end(wasm); break;
            case '/weights': response.end(weights); break;
            case '/fallback.wasm': response.end('<!doctype html><html></html>'); break;
            case '/never': break;
            default: response.writeHead(404, 'Not Found').end('<html>');
        }
    });
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', () => resolve(undefined)); });
    context.after(() => { server.closeAllConnections(); server.close(); });
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    const base = `http://127.0.0.1:${port}`;

    const sonomask = await Sonomask.load({ wasm: `${base}/sonomask.wasm`, weights: new URL(`${base}/weights`) });
    assert.equal((await sonomask.segment(scanPng(40, 40))).width, 40);
    await refuses({ wasm: `${base}/none.wasm` }, 'load-wasm', /none\.wasm: HTTP 404 Not Found/);
    await refuses({ weights: `${base}/none` }, 'load-weights', /none: HTTP 404 Not Found/);
    await refuses({ wasm: `${base}/fallback.wasm` }, 'load-wasm', /fallback\.wasm.*HTML page/);
    await refuses({ wasm: 'http://127.0.0.1:1/x.wasm' }, 'load-wasm', /x\.wasm: ./);

    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    await refuses({ weights: `${base}/never`, signal: controller.signal }, 'aborted', /stopped/);
    await refuses({ signal: AbortSignal.abort() }, 'aborted', /stopped/);
});
