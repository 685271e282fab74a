import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { Sonomask, SonomaskPool } from '../../wasm/sonomask.js';
import { scan, scanPng } from './support/images.js';
import { ROOT, WEIGHTS, attempt, temporaryFolder } from './support/project.js';

/** Large enough that a call takes noticeable time. */
const SLOW = { data: scan(2400, 2000), width: 2400, height: 2000 };

describe('pool', () => {
    /** @type {SonomaskPool} */
    let pool;

    before(async () => {
        pool = await SonomaskPool.load({ weights: WEIGHTS, size: 2 });
    });
    after(() => pool.dispose());

    test('many images at once: each gets its own answer', async () => {
        const single = await Sonomask.load({ weights: WEIGHTS });
        assert.deepEqual(pool.info, single.info);
        assert.equal(pool.size, 2);
        const images = Array.from({ length: 12 }, (_, index) => scanPng(40 + index, 50 - index, index + 1));
        const results = await Promise.all(images.map((image) => pool.segment(image)));
        for (const [index, result] of results.entries()) {
            const expected = await single.segment(/** @type {Buffer} */ (images[index]));
            assert.deepEqual({ ...result, milliseconds: 0 }, { ...expected, milliseconds: 0 });
        }
        assert.equal(pool.pending, 0);
        single.dispose();
    });

    test('has all methods of Sonomask, with the same results', async () => {
        const image = scanPng(70, 60);
        const { probabilityMap, mask } = await pool.segment(new Blob([image]), { threshold: 0.2 });
        const single = await Sonomask.load({ weights: WEIGHTS });
        const threshold = { threshold: 0.2, minimumArea: 0 };
        assert.deepEqual(await pool.measure(probabilityMap, 70, 60, threshold),
            single.measure(probabilityMap, 70, 60, threshold));
        assert.deepEqual(await pool.measure(mask, 70, 60, { probabilityMap }),
            single.measure(mask, 70, 60, { probabilityMap }));
        const regions = [{ x: 0, y: 0, width: 70, height: 60 }];
        const picture = { data: Uint8Array.from(mask, (value) => 90 - value / 4), width: 70, height: 60 };
        assert.deepEqual(await pool.measure(mask, 70, 60, { image: picture, regions }),
            single.measure(mask, 70, 60, { image: picture, regions }));
        assert.equal(picture.data.length, 70 * 60, 'the pixels are still there');
        assert.deepEqual(await pool.contours(mask, 70, 60), single.contours(mask, 70, 60));
        assert.deepEqual(await pool.encodePng(mask, 70, 60), single.encodePng(mask, 70, 60));
        assert.deepEqual(await pool.decode(image), await single.decode(image));
        assert.equal(probabilityMap.length, 70 * 60, 'what was handed in is still there');
    });

    test('a bad image does not affect other calls', async () => {
        const results = await Promise.allSettled([
            pool.segment(scanPng(30, 30)), pool.segment(Buffer.from('no image')), pool.segment(scanPng(30, 30)),
        ]);
        assert.deepEqual(results.map((result) => result.status), ['fulfilled', 'rejected', 'fulfilled']);
        await assert.rejects(pool.segment(Buffer.from('no image')), { name: 'SonomaskError', code: 'image-format' });
        await assert.rejects(pool.segment(/** @type {any} */ ('x')), { code: 'argument' });
        await assert.rejects(pool.segment(/** @type {any} */ (() => {})), { code: 'argument' });
        await assert.rejects(pool.segment(scanPng(30, 30), { threshold: 7 }), { code: 'argument' });
        assert.equal((await pool.segment(scanPng(30, 30))).width, 30);
    });

    test('abort drops a waiting call and stops a running one', async () => {
        const waiting = new AbortController();
        const running = new AbortController();
        const stopped = pool.segment(SLOW, { signal: running.signal });
        const other = pool.segment(scanPng(30, 30));
        const queued = Array.from({ length: 4 }, () => pool.segment(SLOW, { signal: waiting.signal }));
        const last = pool.segment(scanPng(31, 30));
        waiting.abort();
        setTimeout(() => running.abort('changed my mind'), 30);
        const dropped = await Promise.allSettled(queued);
        assert.deepEqual(dropped.map((call) => call.status === 'rejected' && call.reason.code), Array(4).fill('aborted'));
        await assert.rejects(stopped, { name: 'SonomaskError', code: 'aborted', cause: 'changed my mind' });
        assert.deepEqual([(await other).width, (await last).width], [30, 31]);
        assert.equal(pool.pending, 0);
        await assert.rejects(pool.segment(SLOW, { signal: AbortSignal.abort() }), { code: 'aborted' });
        assert.equal((await pool.segment(scanPng(30, 30))).width, 30, 'another worker took the place');
    });
});

test('runs calls in the order in which they were made', async () => {
    // One worker, so that the order of the answers is fixed.
    const pool = await SonomaskPool.load({ weights: WEIGHTS, size: 1 });
    /** @type {number[]} */
    const order = [];
    await Promise.all(Array.from({ length: 8 }, (_, index) =>
        pool.segment(scanPng(30, 30)).then(() => order.push(index))));
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7]);
    pool.dispose();
});

test('dispose ends all workers and rejects all calls', async () => {
    const pool = await SonomaskPool.load({ weights: WEIGHTS, size: 1 });
    const calls = [pool.segment(SLOW), pool.segment(SLOW)];
    pool.dispose();
    pool.dispose();
    const ended = await Promise.allSettled(calls);
    assert.deepEqual(ended.map((call) => call.status === 'rejected' && call.reason.code), ['disposed', 'disposed']);
    await assert.rejects(pool.segment(scanPng(30, 30)), { code: 'disposed' });
    assert.equal(pool.pending, 0);
});

test('idle workers end, and start again when there is work', async () => {
    const pool = await SonomaskPool.load({ weights: WEIGHTS, size: 2, idleMilliseconds: 20 });
    await delay(100);
    assert.equal((await pool.segment(scanPng(30, 30))).width, 30);
    pool.dispose();
});

describe('start: a pool that is still loading', () => {
    test('runs calls that were made before it is ready', async () => {
        const image = scanPng(70, 60);
        /** @type {(weights: Buffer) => void} */
        let arrive = () => {};
        const weights = new Promise((resolve) => {
            arrive = resolve;
        });
        const started = await SonomaskPool.start({ weights, size: 2 });
        assert.deepEqual(Object.keys(started.info), []);
        const calls = [started.segment(image), started.segment(image), started.open(image)];
        assert.equal(started.pending, 2, 'a call of an image waits until it is known whether the network takes clicks');
        arrive(await readFile(WEIGHTS));
        await started.ready;
        const single = await Sonomask.load({ weights: WEIGHTS });
        assert.deepEqual(started.info, single.info);
        const expected = { ...await single.segment(image), milliseconds: 0 };
        const [first, second, open] = await Promise.all(calls);
        for (const result of [first, second]) assert.deepEqual({ ...result, milliseconds: 0 }, expected);
        assert.equal(/** @type {any} */ (open).width, 70);
        started.dispose();
        single.dispose();
    });

    test('what cannot be loaded fails all calls, earlier and later ones, with the same error', async () => {
        const started = await SonomaskPool.start({ weights: Buffer.from('these are no weights at all'), size: 2 });
        const early = Promise.allSettled([started.segment(scanPng(30, 30)), started.segment(scanPng(30, 30)), started.ready]);
        for (const { reason } of /** @type {PromiseRejectedResult[]} */ (await early)) assert.equal(reason?.code, 'weights');
        await assert.rejects(started.segment(scanPng(30, 30)), { code: 'weights' });
        assert.equal(started.pending, 0);
    });

    test('a call that is cancelled does not stop the loading', async () => {
        const stop = new AbortController();
        const started = await SonomaskPool.start({ weights: WEIGHTS, size: 1 });
        const cancelled = started.segment(SLOW, { signal: stop.signal });
        const other = started.segment(scanPng(30, 30));
        stop.abort();
        await assert.rejects(cancelled, { code: 'aborted' });
        assert.equal((await other).width, 30);
        await started.ready;
        started.dispose();
    });

    test('dispose ends the loading', async () => {
        const started = await SonomaskPool.start({ weights: WEIGHTS, size: 1 });
        const call = started.segment(scanPng(30, 30));
        started.dispose();
        await assert.rejects(call, { code: 'disposed' });
        await assert.rejects(started.ready, { code: 'disposed' });
    });
});

test('errors of load have a clear message', async () => {
    await assert.rejects(SonomaskPool.load({ weights: WEIGHTS, wasm: 'none.wasm' }), { code: 'load-wasm' });
    await assert.rejects(SonomaskPool.load({ weights: Buffer.from('rubbish, not weights') }), { code: 'weights' });
    await assert.rejects(SonomaskPool.load({ weights: Promise.reject(new RangeError('mine')) }), { name: 'RangeError', message: 'mine' });
    await assert.rejects(SonomaskPool.load({ weights: WEIGHTS, size: 0 }), { code: 'argument' });
    await assert.rejects(SonomaskPool.load({ weights: WEIGHTS, idleMilliseconds: NaN }), { code: 'argument' });
    await assert.rejects(SonomaskPool.load({ weights: WEIGHTS, worker: new URL('./none.js', import.meta.url) }),
        { code: 'worker' });
    await assert.rejects(SonomaskPool.load({ weights: WEIGHTS, signal: AbortSignal.abort() }), { code: 'aborted' });
});

test('when a worker crashes, its call fails and the pool continues', async (context) => {
    const folder = await temporaryFolder(context);
    const script = path.join(folder, 'worker.mjs');
    // Crashes on decode; otherwise works as the real worker.
    await writeFile(script, `
        import { parentPort } from 'node:worker_threads';
        await import(${JSON.stringify(new URL('../../wasm/worker.js', import.meta.url).href)});
        parentPort.on('message', (message) => { if (message.method === 'decode') throw new Error('ouch'); });
    `);
    const pool = await SonomaskPool.load({ weights: WEIGHTS, size: 1, worker: script });
    await assert.rejects(pool.decode(scanPng(30, 30)), { code: 'worker', message: /ouch/ });
    assert.equal((await pool.segment(scanPng(30, 30))).width, 30);
    pool.dispose();
});

test('a pool without dispose does not keep the process alive', async (context) => {
    const folder = await temporaryFolder(context);
    const script = path.join(folder, 'forgetful.mjs');
    await writeFile(script, `
        import { SonomaskPool } from ${JSON.stringify(new URL('../../wasm/sonomask.js', import.meta.url).href)};
        const pool = await SonomaskPool.load({ size: 1, weights: ${JSON.stringify(WEIGHTS)} });
        const data = new Uint8Array(100);
        console.log((await pool.segment({ data, width: 10, height: 10 })).width);
    `);
    const { status, stdout } = await attempt(process.execPath, [script], { cwd: ROOT, timeout: 15_000 });
    assert.equal(status, 0);
    assert.equal(stdout.trim(), '10');
});
