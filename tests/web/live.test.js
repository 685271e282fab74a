/** The live picture: outlines over a camera, freezing, recording, and the message of each way to fail. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Sonomask } from '../../wasm/sonomask.js';
import { Meter } from '../../web/live/meter.js';
import { ROOT } from '../node/support/project.js';
import { faultsOf, rowsOf, settled, skip, startSite } from './support/page.js';
import { y4m } from './support/y4m.js';

const SIZE = { width: 320, height: 240 };

/** @returns {Promise<Buffer>} a sample with a lesion, grey, at SIZE */
async function picture() {
    const sonomask = await Sonomask.load({ weights: null });
    const { data, width, height } = await sonomask.decode(await readFile(path.join(ROOT, 'web/samples/phantom-1.png')));
    sonomask.dispose();
    const channels = data.length / (width * height);
    return Buffer.from(Uint8Array.from({ length: SIZE.width * SIZE.height }, (_, index) => {
        const x = Math.floor(((index % SIZE.width) * width) / SIZE.width);
        const y = Math.floor((Math.floor(index / SIZE.width) * height) / SIZE.height);
        return data[(y * width + x) * channels] ?? 0;
    }));
}

test('masks per second and delay are those of the last two seconds', () => {
    const meter = new Meter();
    assert.deepEqual(meter.now, { rate: 0, delay: 0 });
    for (let at = 0; at <= 1000; at += 50) meter.add(at, at - 1000);
    for (let at = 4000; at <= 5000; at += 100) meter.add(at, at - 80);
    assert.deepEqual(meter.now, { rate: 10, delay: 80 });
    meter.clear();
    assert.equal(meter.now.rate, 0);
});

describe('live picture', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    /** @type {import('./support/page.js').Page} */
    let page;
    let folder = '';
    before(async () => {
        folder = await mkdtemp(path.join(tmpdir(), 'sonomask-'));
        const file = path.join(folder, 'camera.y4m');
        await writeFile(file, y4m(await picture(), SIZE, 8, 30));
        site = await startSite(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${file}`]);
        page = await site.open();
    });
    after(async () => {
        await site.close();
        await rm(folder, { recursive: true });
    });

    const note = (/** @type {RegExp} */ text) => page.locator('#live-note').filter({ hasText: text }).waitFor();
    const camera = () => page.getByRole('button', { name: 'Camera or frame grabber' }).click();

    test('a camera is outlined live, a frame is frozen into the list, answers are recorded, and nothing is requested', async () => {
        const asked = site.served.length;
        await page.getByRole('button', { name: 'Live picture' }).click();
        await camera();
        await page.locator('#live-answer', { hasText: /^1 lesion outlined, [\d,]+\spx²/ }).waitFor();
        await page.locator('#live-facts', { hasText: /^[1-9][\d.]* masks per second · delay \d+ ms$/ }).waitFor();
        const outlined = await page.locator('#live-canvas').evaluate(canvas => {
            const { width, height } = /** @type {HTMLCanvasElement} */ (canvas);
            const context = /** @type {CanvasRenderingContext2D} */ (/** @type {HTMLCanvasElement} */ (canvas).getContext('2d'));
            return { width, height, drawn: context.getImageData(0, 0, width, height).data.some(value => value > 0) };
        });
        assert.deepEqual(outlined, { ...SIZE, drawn: true });
        await page.getByRole('button', { name: 'Record answers' }).click();
        await page.getByRole('button', { name: /^Save the answers \([1-9]\d*\)$/ }).waitFor();
        const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /^Save the answers/ }).click()]);
        assert.match(download.suggestedFilename(), /^live-\d{8}-\d{9}\.jsonl$/);
        const [first] = (await readFile(await download.path(), 'utf8')).split('\n');
        const record = JSON.parse(first ?? '');
        assert.equal(record.width, SIZE.width);
        assert.ok(record.lesions[0].area_px > 100 && record.regions.length === 1 && record.delay_ms >= 0);
        await page.getByRole('button', { name: 'Freeze into the list' }).click();
        await page.getByRole('button', { name: 'Stop', exact: true }).click();
        await page.getByRole('button', { name: 'Close', exact: true }).click();
        await settled(page, 1);
        const [row] = await rowsOf(page);
        assert.match(row?.name ?? '', /^live-.*\.png$/);
        assert.equal(row?.state, 'done', row?.text);
        const asks = () => page.evaluate(() => !dispatchEvent(new Event('beforeunload', { cancelable: true })));
        assert.ok(await asks(), 'the frame is in no file yet');
        const [session] = await Promise.all([page.waitForEvent('download'), page.locator('#session-save').click()]);
        await session.path();
        assert.ok(await asks(), 'the session does not include the image');
        await page.locator('#session-images').check();
        const [whole] = await Promise.all([page.waitForEvent('download'), page.locator('#session-save').click()]);
        await whole.path();
        await page.waitForFunction(() => dispatchEvent(new Event('beforeunload', { cancelable: true })));
        await page.locator('#session-images').uncheck();
        // As in trust.test.js: the browser itself asks whether the service worker has changed, at a time of its own.
        assert.deepEqual(site.served.slice(asked).filter(address => address !== '/web/sw.js'), []);
    });

    test('of two sources asked for at once the last one counts', async () => {
        await page.evaluate(() => {
            const { mediaDevices } = navigator;
            const stream = () => {
                const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 });
                canvas.getContext('2d')?.fillRect(0, 0, 64, 48);
                return canvas.captureStream(10);
            };
            const [first, second] = [stream(), stream()];
            Reflect.set(globalThis, 'asked', { first, second });
            mediaDevices.getUserMedia = () => new Promise(resolve => {
                Reflect.set(globalThis, 'giveFirst', () => resolve(first));
            });
            mediaDevices.getDisplayMedia = () => new Promise(resolve => {
                Reflect.set(globalThis, 'giveSecond', () => resolve(second));
            });
        });
        await page.locator('#list-live').click();
        await camera();
        await page.getByRole('button', { name: 'Window or screen' }).click();
        await page.evaluate(() => Reflect.get(globalThis, 'giveFirst')());
        await page.waitForFunction(() => Reflect.get(globalThis, 'asked').first.getTracks()[0].readyState === 'ended');
        await page.evaluate(() => Reflect.get(globalThis, 'giveSecond')());
        await page.waitForFunction(() => /** @type {HTMLVideoElement} */ (document.querySelector('#live-video')).srcObject === Reflect.get(globalThis, 'asked').second);
        await page.getByRole('button', { name: 'Close', exact: true }).click();
        await page.evaluate(() => {
            Reflect.deleteProperty(navigator.mediaDevices, 'getUserMedia');
            Reflect.deleteProperty(navigator.mediaDevices, 'getDisplayMedia');
        });
    });

    test('it stops while the page is hidden and goes on afterwards', async () => {
        await page.locator('#list-live').click();
        await camera();
        await page.locator('#live-facts', { hasText: 'masks' }).waitFor();
        const hide = (/** @type {boolean} */ hidden) => page.evaluate(value => {
            Object.defineProperty(document, 'hidden', { value, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
        }, hidden);
        await hide(true);
        await note(/^Paused while this page is hidden\.$/);
        assert.ok(await page.locator('#live-video').evaluate(video => /** @type {HTMLVideoElement} */ (video).paused));
        await hide(false);
        await page.locator('#live-note').waitFor({ state: 'hidden' });
        await page.waitForFunction(() => !(/** @type {HTMLVideoElement} */ (document.querySelector('#live-video')).paused));
    });

    test('unplugged, share stopped, and every refusal have messages of their own', async () => {
        const end = () => page.locator('#live-video').evaluate(video => {
            const [track] = /** @type {MediaStream} */ (/** @type {HTMLVideoElement} */ (video).srcObject).getVideoTracks();
            track?.dispatchEvent(new Event('ended'));
        });
        await end();
        await note(/unplugged/);
        assert.ok(await page.getByRole('button', { name: 'Freeze into the list' }).isDisabled());
        for (const [name, text] of /** @type {const} */ ([['NotAllowedError', /not allowed/], ['NotFoundError', /No camera/], ['NotReadableError', /Another program/], ['TypeError', /failed: no/]])) {
            await page.evaluate(wanted => {
                navigator.mediaDevices.getUserMedia = () => Promise.reject(Object.assign(new Error('no'), { name: wanted }));
            }, name);
            await camera();
            await note(text);
        }
        await page.evaluate(() => {
            const canvas = Object.assign(document.createElement('canvas'), { width: 200, height: 150 });
            Reflect.set(globalThis, 'shared', canvas);
            const context = canvas.getContext('2d');
            setInterval(() => context?.fillRect(0, 0, 200, Math.random() * 150), 50);
            navigator.mediaDevices.getDisplayMedia = () => Promise.resolve(canvas.captureStream(20));
        });
        await page.getByRole('button', { name: 'Window or screen' }).click();
        await page.locator('#live-facts', { hasText: 'masks' }).waitFor();
        await page.evaluate(() => Object.assign(Reflect.get(globalThis, 'shared'), { width: 260, height: 180 }));
        await page.locator('.notice', { hasText: 'changed its size to 260 × 180' }).waitFor();
        await end();
        await note(/no longer shared/);
        await page.evaluate(() => Object.defineProperty(globalThis, 'isSecureContext', { value: false, configurable: true }));
        await camera();
        await note(/over https or on localhost/);
        assert.deepEqual(faultsOf(page), []);
    });

    test('the area of a large picture is in its own pixels, not in those that the network was given', async () => {
        const sample = (await readFile(path.join(ROOT, 'web/samples/phantom-1.png'))).toString('base64');
        const large = await site.open({}, async opened => void await opened.addInitScript(encoded => {
            const image = new Image();
            image.src = `data:image/png;base64,${encoded}`;
            const canvas = document.createElement('canvas');
            Object.assign(canvas, { width: 1024, height: 768 });
            setInterval(() => canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height), 50);
            navigator.mediaDevices.getUserMedia = () => Promise.resolve(canvas.captureStream(20));
            addEventListener('double-size', () => Object.assign(canvas, { width: 2048, height: 1536 }));
        }, sample));
        const area = async () => {
            const words = large.locator('#live-answer', { hasText: /outlined, [\d,]+\spx²/ });
            await words.waitFor();
            return Number((/([\d,]+)\spx²/.exec((await words.textContent()) ?? '')?.[1] ?? '').replaceAll(',', ''));
        };
        await large.getByRole('button', { name: 'Live picture' }).click();
        await large.getByRole('button', { name: 'Camera or frame grabber' }).click();
        const small = await area();
        await large.evaluate(() => dispatchEvent(new Event('double-size')));
        await large.waitForFunction(() => /** @type {HTMLVideoElement} */ (document.querySelector('#live-video')).videoWidth === 2048);
        const grown = small * 2;
        for (let tries = 0; tries < 40 && (await area()) < grown; tries++) await large.waitForTimeout(250);
        const ratio = (await area()) / small;
        assert.ok(ratio > 3.6 && ratio < 4.4, `${ratio} times the area`);
        await large.context().close();
    });
});
