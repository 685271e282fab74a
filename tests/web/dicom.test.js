/** DICOM files and videos: decoding, pixel spacing, playback, and refusal of unsupported files. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bareStream, readH264 } from '../../web/input/h264.js';
import { rateOfTimes } from '../../web/input/rate.js';
import { jpeg, scan } from '../node/support/images.js';
import { dicom, dicomElement, encapsulated, regions, rle } from '../node/support/dicom.js';
import { ROOT, temporaryFolder } from '../node/support/project.js';
import { answered, canvasHash, colourAt, faultsOf, nextFrame, pick, rowsOf, saved, settled, skip, startSite } from './support/page.js';
import { makeFiles, withoutTools } from '../node/support/dicom-files.js';
import { tiff } from '../node/support/tiff.js';
import { sample } from './support/samples.js';
import { AVIF, gif } from './support/stills.js';

const REAL = path.resolve(ROOT, '../shared/data/dicom');
const WIDTH = 160;
const HEIGHT = 120;

/** Black on the left, white on the right. */
const halves = Buffer.from(Uint8Array.from({ length: WIDTH * HEIGHT }, (_, index) => (index % WIDTH < WIDTH / 2 ? 20 : 230)));
const grey = Buffer.from(scan(WIDTH, HEIGHT));
const size = { width: WIDTH, height: HEIGHT };

/**
 * @param {import('./support/page.js').Page} page
 * @param {'webm' | 'mp4'} kind
 * @returns {Promise<Buffer | null>} a short recording that grows lighter; null when the browser cannot make one
 */
async function recordVideo(page, kind) {
    const recorded = await page.evaluate(async mimeType => {
        if (!MediaRecorder.isTypeSupported(mimeType)) return null;
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [160, 120];
        const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
        const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType });
        /** @type {Blob[]} */
        const parts = [];
        recorder.ondataavailable = event => parts.push(event.data);
        const stopped = new Promise(resolve => {
            recorder.onstop = resolve;
        });
        recorder.start();
        for (let step = 0; step < 25; step++) {
            context.fillStyle = `rgb(${step * 10}, ${step * 10}, ${step * 10})`;
            context.fillRect(0, 0, 160, 120);
            context.fillStyle = '#111';
            context.fillRect(40 + step, 40, 40, 30);
            await new Promise(resolve => {
                setTimeout(resolve, 40);
            });
        }
        recorder.stop();
        await stopped;
        return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
    }, `video/${kind}`);
    return recorded && Buffer.from(recorded);
}

/**
 * @param {import('./support/page.js').Page} page
 * @param {number} frames each of one grey, twelve levels lighter than the one before; every tenth is a key picture
 * @returns {Promise<Buffer | null>} a bare stream; null when the browser cannot make one
 */
async function encodeH264(page, frames) {
    const encoded = await page.evaluate(async count => {
        /** @type {VideoEncoderConfig} */
        const config = { codec: 'avc1.42001e', width: 160, height: 120, avc: { format: 'annexb' }, latencyMode: 'realtime' };
        if (!(await VideoEncoder.isConfigSupported(config)).supported) return null;
        /** @type {number[]} */
        const bytes = [];
        const encoder = new VideoEncoder({
            output(chunk) {
                const part = new Uint8Array(chunk.byteLength);
                chunk.copyTo(part);
                bytes.push(...part);
            },
            error: () => undefined,
        });
        encoder.configure(config);
        const canvas = new OffscreenCanvas(160, 120);
        const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
        for (let frame = 0; frame < count; frame++) {
            const level = 12 * (frame + 1);
            context.fillStyle = `rgb(${level}, ${level}, ${level})`;
            context.fillRect(0, 0, 160, 120);
            const picture = new VideoFrame(canvas, { timestamp: frame * 40000 });
            encoder.encode(picture, { keyFrame: frame % 10 === 0 });
            picture.close();
        }
        await encoder.flush();
        return bytes;
    }, frames);
    return encoded && Buffer.from(encoded);
}

/**
 * @param {Buffer} stream
 * @returns {Buffer} the same in packets of an MPEG transport stream, of one video only
 */
function transportStream(stream) {
    const head = Buffer.from([0, 0, 1, 0xe0, 0, 0, 0x80, 0, 0]);
    const packed = Buffer.concat([head, stream]);
    const packets = [];
    for (let at = 0; at < packed.length; at += 184) {
        const part = packed.subarray(at, at + 184);
        const missing = 184 - part.length;
        const filling = missing === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([missing - 1]), ...(missing > 1 ? [Buffer.from([0]), Buffer.alloc(missing - 2, 255)] : [])]);
        packets.push(Buffer.from([0x47, at === 0 ? 0x41 : 0x01, 0, missing ? 0x30 : 0x10]), filling, part);
    }
    return Buffer.concat(packets);
}

test('the frame rate of a video is computed from the times of its frames, with jitter and dropped frames', () => {
    assert.equal(rateOfTimes([0, 0.0664, 0.0997, 0.1331, 0.1684, 0.2021, 0.2467, 0.2822]), 30);
    assert.equal(rateOfTimes([0, 0.04, 0.12, 0.16, 0.2, 0.24]), 25);
    assert.equal(rateOfTimes([0, 0]), 0);
});

describe('DICOM and video', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    before(async () => {
        site = await startSite();
    });
    after(() => site.close());

    test('every pixel format shows the same picture', async () => {
        const page = await site.open();
        const words = Buffer.alloc(halves.length * 2);
        halves.forEach((value, index) => words.writeUInt16LE(value * 256, index * 2));
        const interleaved = Buffer.alloc(halves.length * 3);
        const ybr = Buffer.alloc(halves.length * 3, 128);
        halves.forEach((value, index) => {
            interleaved.fill(value, index * 3, index * 3 + 3);
            ybr[index * 3] = value;
        });
        const subsampled = Buffer.alloc(halves.length * 2, 128);
        halves.forEach((value, index) => {
            subsampled[(index >> 1) * 4 + (index & 1)] = value;
        });
        const table = Buffer.alloc(512);
        for (let entry = 0; entry < 256; entry++) table.writeUInt16LE(entry * 257, entry * 2);
        /** @type {import('../node/support/dicom.js').DicomField[]} */
        const palette = [
            ...[0x1101, 0x1102, 0x1103].map(tag => /** @type {import('../node/support/dicom.js').DicomField} */ ([0x0028, tag, 'US', [256, 0, 16]])),
            ...[0x1201, 0x1202, 0x1203].map(tag => /** @type {import('../node/support/dicom.js').DicomField} */ ([0x0028, tag, 'OW', table])),
        ];
        const high = Buffer.from(halves);
        const files = {
            'mono2.dcm': dicom({ ...size, pixels: halves }),
            'implicit.dcm': dicom({ ...size, syntax: '1.2.840.10008.1.2', pixels: halves }),
            'bigendian.dcm': dicom({
                ...size, bits: 16, syntax: '1.2.840.10008.1.2.2', pixels: Buffer.from(words).swap16(),
                more: [[0x0028, 0x1050, 'DS', '32768'], [0x0028, 0x1051, 'DS', '65536']],
            }),
            'mono1.dcm': dicom({ ...size, colour: 'MONOCHROME1', pixels: Buffer.from(halves.map(value => 255 - value)) }),
            'sixteen.dcm': dicom({ ...size, bits: 16, pixels: words, more: [[0x0028, 0x1050, 'DS', '32768'], [0x0028, 0x1051, 'DS', '65536']] }),
            'rgb.dcm': dicom({ ...size, colour: 'RGB', samples: 3, pixels: interleaved }),
            'ybr.dcm': dicom({ ...size, colour: 'YBR_FULL', samples: 3, pixels: ybr }),
            'ybr422.dcm': dicom({ ...size, colour: 'YBR_FULL_422', samples: 3, pixels: subsampled }),
            'palette.dcm': dicom({ ...size, colour: 'PALETTE COLOR', pixels: halves, more: palette }),
            'rle.dcm': dicom({ ...size, syntax: '1.2.840.10008.1.2.5', element: encapsulated([rle([halves])]) }),
            'rle16.dcm': dicom({
                ...size, bits: 16, syntax: '1.2.840.10008.1.2.5', element: encapsulated([rle([high, Buffer.alloc(high.length)])]),
                more: [[0x0028, 0x1050, 'DS', '32768'], [0x0028, 0x1051, 'DS', '65536']],
            }),
            'jpeg.dcm': dicom({
                ...size, syntax: '1.2.840.10008.1.2.4.50',
                element: encapsulated([jpeg({ ...size, value: x => (x < WIDTH / 2 ? 20 : 230) })]),
            }),
        };
        await pick(page, Object.entries(files).map(([name, buffer]) => ({ name, buffer })));
        await settled(page, Object.keys(files).length);
        const rows = await rowsOf(page);
        for (const [index, name] of Object.keys(files).entries()) {
            assert.equal(rows[index]?.state, 'done', `${name}: ${rows[index]?.text}`);
            await page.locator('.row-main').nth(index).click();
            await answered(page);
            if (index === 0) await page.keyboard.press('h');
            await nextFrame(page);
            const [left = 0] = await colourAt(page, 0.3, 0.5);
            const [right = 0] = await colourAt(page, 0.7, 0.5);
            assert.ok(Math.abs(left - 20) < 8 && Math.abs(right - 230) < 8, `${name}: ${left} ${right}`);
        }
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    test('a damaged or unsupported file shows the reason, and the batch continues', async () => {
        const page = await site.open();
        const whole = dicom({ ...size, pixels: grey });
        const files = {
            'cut.dcm': [whole.subarray(0, whole.length - 9000), /damaged/],
            'header.dcm': [whole.subarray(0, 140), /damaged|no image/],
            'wrong-length.dcm': [dicom({ ...size, element: dicomElement([0x7fe0, 0x0010, 'OB', grey], 0x7ffffff0) }), /damaged/],
            'nothing.dcm': [dicom({ ...size }), /contains no image/],
            'j2k.dcm': [dicom({ ...size, syntax: '1.2.840.10008.1.2.4.90', element: encapsulated([grey]) }), /damaged: JPEG 2000: no start/],
            'deflated.dcm': [dicom({ ...size, syntax: '1.2.840.10008.1.2.1.99', pixels: grey }), /deflated data cannot be read/],
            'unknown.dcm': [dicom({ ...size, syntax: '1.2.840.10008.1.2.4.110', element: encapsulated([grey]) }), /transfer syntax JPEG XL Lossless/],
            'mpeg.dcm': [dicom({ ...size, syntax: '1.2.840.10008.1.2.4.100', element: encapsulated([grey]) }), /cannot play the video inside this DICOM file: MPEG2/],
            'hevc.dcm': [dicom({ ...size, syntax: '1.2.840.10008.1.2.4.107', element: encapsulated([grey]) }), /inside this DICOM file: HEVC.* Convert it to MP4/],
            'DICOMDIR': [dicom({ ...size, more: [[0x0004, 0x1220, 'SQ', Buffer.alloc(0)]] }), /index of a DICOM folder/],
            'no-frames.dcm': [dicom({ ...size, frames: 0, more: [[0x0028, 0x0008, 'IS', '0']], pixels: grey }), /damaged: 0 frames/],
            'huge.dcm': [dicom({ width: 65535, height: 65535, pixels: grey }), /more than 64 megapixels/],
            'jpeg.dcm': [dicom({ ...size, syntax: '1.2.840.10008.1.2.4.50', element: encapsulated([Buffer.from([0xff, 0xd8, 0xff, 1])]) }), /DICOM file is damaged: JPEG: no image data/],
            'frames.dcm': [dicom({ ...size, frames: 5, pixels: grey }), /damaged/],
            'rle.dcm': [dicom({ ...size, syntax: '1.2.840.10008.1.2.5', element: encapsulated([Buffer.alloc(90, 3)]) }), /damaged/],
            'odd.dcm': [dicom({ ...size, colour: 'ARGB', samples: 4, pixels: grey }), /not supported: ARGB/],
            'good.dcm': [whole, /%/],
        };
        await pick(page, Object.entries(files).map(([name, [buffer]]) => ({ name, buffer: /** @type {Buffer} */ (buffer) })));
        await settled(page, Object.keys(files).length);
        for (const { name, state, text } of await rowsOf(page)) {
            const [, reason] = /** @type {[Buffer, RegExp]} */ (Reflect.get(files, name));
            assert.match(text, reason, name);
            assert.equal(state, name === 'good.dcm' ? 'done' : 'failed', name);
        }
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    test('measurements are in millimetres only when a region with a spacing contains the lesion', async () => {
        const page = await site.open();
        const { Sonomask } = await import('../../wasm/sonomask.js');
        const decoder = await Sonomask.load({ weights: null });
        const { data, width, height, channels } = await decoder.decode(new Uint8Array((await sample('benign')).buffer));
        const pixels = Buffer.from(Uint8Array.from({ length: width * height }, (_, index) => data[index * channels] ?? 0));
        const make = (/** @type {import('../node/support/dicom.js').DicomField} */ region) => dicom({ width, height, pixels, more: [region] });
        await pick(page, [
            { name: 'whole.dcm', buffer: make(regions({ box: [0, 0, width, height], centimetres: 0.01 })) },
            { name: 'elsewhere.dcm', buffer: make(regions({ box: [width - 60, height - 60, width, height], centimetres: 0.01 })) },
            { name: 'oblong.dcm', buffer: make(regions({ box: [0, 0, width, height], centimetres: 0.01, down: 0.02 })) },
            { name: 'toolarge.dcm', buffer: make(regions({ box: [0, 0, width * 2, height], centimetres: 0.01 })) },
        ]);
        await settled(page, 4);
        await answered(page);
        await page.getByText(/by the DICOM file’s pixel spacing/).waitFor();
        await page.locator('.measures tr', { hasText: 'Long axis' }).getByText(/\smm$/).waitFor();
        for (const index of [1, 2, 3]) {
            await page.locator('.row-main').nth(index).click();
            await answered(page);
            // The network looks at the region of the file only, unless the user chooses otherwise.
            if (index === 1) {
                await page.keyboard.press('r');
                await page.click('#region-whole');
                await settled(page, 4);
                await answered(page);
            }
            await page.getByText(/In pixels/).waitFor();
        }
        const [head = '', first = ''] = (await saved(page, 'CSV table')).bytes.toString().split('\r\n');
        const value = (/** @type {string} */ name) => first.split(',')[head.split(',').indexOf(name)];
        assert.deepEqual([value('mm_per_px'), value('scale_from')], ['0.100000', 'dicom']);
        await page.context().close();
    });

    test('patient names, in file names and burned into the picture, are left out unless requested', async () => {
        const page = await site.open();
        const white = Buffer.alloc(WIDTH * HEIGHT, 255);
        const more = [regions({ box: [20, 30, 140, 110], centimetres: 0.01 })];
        const whole = dicom({ ...size, pixels: white, more });
        await pick(page, [
            { name: 'Doe^Jane.dcm', buffer: whole },
            { name: 'Doe^John.dcm', buffer: whole.subarray(0, whole.length - 9000) },
        ]);
        await settled(page, 2);
        await answered(page);
        const { Sonomask } = await import('../../wasm/sonomask.js');
        const reader = await Sonomask.load({ weights: null });
        const besideAndInside = async () => {
            const { data, channels } = await reader.decode(new Uint8Array((await saved(page, 'Overlay PNG')).bytes));
            return [data[0], data[(70 * WIDTH + 30) * channels]];
        };
        const csv = (await saved(page, 'CSV table')).bytes.toString();
        assert.match(csv, /dicom-1,,done/);
        assert.match(csv, /dicom-2,,failed/);
        assert.ok(!csv.includes('Doe'));
        assert.equal((await saved(page, 'Mask PNG')).name, 'dicom-1_mask.png');
        const [beside = 255, inside = 0] = await besideAndInside();
        assert.ok(beside === 0 && inside > 100, `${beside} ${inside}`);
        await page.getByRole('checkbox', { name: /Keep names of DICOM files/ }).check();
        assert.match((await saved(page, 'CSV table')).bytes.toString(), /Doe\^Jane\.dcm,,done/);
        assert.equal((await besideAndInside())[0], 255);
        await page.context().close();
    });

    test('a cine loop has a slider and plays at its own rate, and each frame has its own answer', async () => {
        const page = await site.open();
        const frames = [1, 2, 3, 4, 5, 6].map(seed => Buffer.from(scan(WIDTH, HEIGHT, seed)));
        const file = dicom({ ...size, frames: 6, pixels: Buffer.concat(frames), more: [[0x0018, 0x1063, 'DS', '200']] });
        await pick(page, [{ name: 'loop.dcm', buffer: file }]);
        await settled(page, 1);
        await answered(page);
        const first = await canvasHash(page);
        const slider = page.getByRole('slider', { name: 'Frame' });
        assert.equal(await page.locator('#frame-text').textContent(), 'Frame 1 of 6');
        await slider.fill('4');
        await page.waitForFunction(() => document.querySelector('#frame-text')?.textContent === 'Frame 4 of 6');
        await nextFrame(page);
        assert.notEqual(await canvasHash(page), first);
        await page.getByRole('button', { name: 'Play' }).click();
        const seen = await page.evaluate(async () => {
            const texts = new Set();
            const end = performance.now() + 2500;
            while (performance.now() < end) {
                texts.add(document.querySelector('#frame-text')?.textContent);
                await new Promise(requestAnimationFrame);
            }
            return texts.size;
        });
        assert.ok(seen >= 4, `${seen} frames`);
        // The panel never falls back to "no answer" while the loop runs ahead of the network.
        const always = await page.evaluate(async () => {
            const end = performance.now() + 1500;
            let shown = true;
            while (performance.now() < end) {
                shown &&= /%/.test(document.querySelector('#answer')?.textContent ?? '');
                await new Promise(requestAnimationFrame);
            }
            return shown;
        });
        assert.ok(always);
        await page.getByRole('button', { name: 'Pause' }).click();
        await answered(page);
        // Every analysed frame is saved, each under its own number.
        const lines = (await saved(page, 'CSV table')).bytes.toString().trim().split('\r\n').slice(1);
        const numbers = new Set(lines.map(line => line.split(',')[1]));
        assert.ok(numbers.size >= 2 && !numbers.has(''), [...numbers].join());
        assert.match((await saved(page, 'Mask PNG')).name, /^dicom-1_frame\d_mask\.png$/);
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    for (const kind of /** @type {const} */ (['webm', 'mp4']))
        test(`a video (${kind}) is segmented frame by frame and plays; one that cannot be decoded shows the reason`, async () => {
            const page = await site.open();
            const video = await recordVideo(page, kind);
            assert.ok(video, `this browser records ${kind}`);
            await pick(page, [{ name: `loop.${kind}`, buffer: video }, { name: `broken.${kind}`, buffer: video.subarray(0, 40) }]);
            await settled(page, 2);
            const rows = await rowsOf(page);
            assert.equal(rows[0]?.state, 'done', rows[0]?.text);
            assert.match(rows[1]?.text ?? '', /cannot decode this video/);
            await answered(page);
            const first = await colourAt(page, 0.8, 0.8);
            const slider = page.getByRole('slider', { name: 'Frame' });
            const last = Number(await slider.getAttribute('max'));
            assert.ok(last >= 8 && last <= 120, `${last} frames`);
            await slider.fill(String(last));
            await answered(page);
            await page.waitForTimeout(500);
            assert.notDeepEqual(await colourAt(page, 0.8, 0.8), first);
            await page.getByRole('button', { name: 'Play' }).click();
            await page.waitForFunction(() => {
                const seen = (Reflect.get(globalThis, 'seen') ?? new Set()).add(document.querySelector('#frame-text')?.textContent);
                Reflect.set(globalThis, 'seen', seen);
                return seen.size >= 5;
            });
            await page.getByRole('button', { name: 'Pause' }).click();
            await answered(page);
            assert.deepEqual(faultsOf(page), []);
            await page.context().close();
        });

    test('a still image in a video container (HEIF, AVIF) is refused as an image', async () => {
        const page = await site.open();
        await pick(page, [{ name: 'phone.heic', buffer: Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1') }]);
        await settled(page, 1);
        assert.match((await rowsOf(page))[0]?.text ?? '', /not a PNG, JPEG/);
        await page.context().close();
    });

    test('WebP, AVIF, GIF and TIFF are segmented; loops and pages are frames; damaged ones show the reason', async () => {
        const page = await site.open();
        const webp = await page.evaluate(async () => {
            const canvas = new OffscreenCanvas(160, 120);
            const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
            context.fillStyle = '#777';
            context.fillRect(0, 0, 160, 120);
            return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp' })).arrayBuffer())];
        });
        const dark = Buffer.from(grey.map(value => value >> 2));
        const light = Buffer.from(grey.map(value => value >> 1));
        const still = gif(size, [light]);
        /** @type {[name: string, buffer: Buffer, outcome: RegExp | 'done'][]} */
        const files = [
            ['a.webp', Buffer.from(webp), 'done'],
            ['b.avif', AVIF, 'done'],
            ['c.gif', gif(size, [dark, light, dark]), 'done'],
            ['d.gif', still, 'done'],
            ['e.tif', tiff([{ ...size, pixels: grey }, { ...size, pixels: halves }]), 'done'],
            ['f.webp', Buffer.from(webp).subarray(0, 30), /cannot decode this WEBP file/],
            ['g.tif', tiff([{ ...size, pixels: grey }]).subarray(0, 100), /TIFF file cannot be read/],
        ];
        await pick(page, files.map(([name, buffer]) => ({ name, buffer })));
        await settled(page, files.length);
        const rows = await rowsOf(page);
        for (const [index, [name, , outcome]] of files.entries())
            if (outcome === 'done') assert.equal(rows[index]?.state, 'done', `${name}: ${rows[index]?.text}`);
            else assert.match(rows[index]?.text ?? '', outcome, name);
        for (const [index, count] of [[2, 3], [4, 2]]) {
            await page.locator('.row-main').nth(/** @type {number} */ (index)).click();
            const shown = (/** @type {string} */ text) => page.waitForFunction(wanted => document.querySelector('#frame-text')?.textContent === wanted, text);
            await shown(`Frame 1 of ${count}`);
            await answered(page);
            const first = await colourAt(page, 0.5, 0.5);
            await page.getByRole('slider', { name: 'Frame' }).fill('2');
            await shown(`Frame 2 of ${count}`);
            await answered(page);
            assert.notDeepEqual(await colourAt(page, 0.5, 0.5), first);
        }
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    test('compressed files of dcmtk and gdcm open without leaving the page’s policy', { skip: withoutTools }, async context => {
        const folder = await temporaryFolder(context);
        await makeFiles(folder, true);
        const names = ['grey-j2k', 'grey-jpeg-70', 'rgb-jpeg-ls', 'grey-deflated', 'palette-rle', 'twelve-jpeg-51', 'grey-jpeg-progressive'];
        const page = await site.open();
        await pick(page, await Promise.all(names.map(async name => ({ name, buffer: await readFile(path.join(folder, `${name}.dcm`)) }))));
        await settled(page, names.length);
        for (const { name, state, text } of await rowsOf(page)) assert.equal(state, 'done', `${name}: ${text}`);
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    test('a video inside DICOM plays; its regions and spacing are those of the file', async () => {
        const page = await site.open();
        const video = await recordVideo(page, 'mp4');
        assert.ok(video);
        const file = dicom({
            ...size, colour: 'YBR_PARTIAL_420', samples: 3, frames: 25, syntax: '1.2.840.10008.1.2.4.102', element: encapsulated([video]),
            more: [regions({ box: [0, 0, WIDTH, HEIGHT], centimetres: 0.01 })],
        });
        await pick(page, [{ name: 'video.dcm', buffer: file }]);
        await settled(page, 1);
        const [row] = await rowsOf(page);
        assert.equal(row?.state, 'done', row?.text);
        await answered(page);
        await page.waitForFunction(() => /^Frame 1 of \d+$/.test(document.querySelector('#frame-text')?.textContent ?? ''));
        assert.match((await saved(page, 'CSV table')).bytes.toString(), /^dicom-1,/m);
        await page.context().close();
    });

    test('H.264 without a container plays picture by picture, also from a transport stream; MPEG-2 is refused with a way out', async () => {
        const page = await site.open();
        const stream = await encodeH264(page, 20);
        assert.ok(stream, 'this browser encodes H.264');
        const read = readH264(bareStream(stream));
        assert.equal(read?.pictures.length, 20);
        assert.ok(read?.pictures[10]?.key);
        assert.deepEqual(Buffer.from(bareStream(transportStream(stream))), stream);
        const video = (/** @type {Buffer} */ bytes, /** @type {string} */ syntax) =>
            dicom({ ...size, colour: 'YBR_PARTIAL_420', samples: 3, frames: 20, syntax, element: encapsulated([bytes]), more: [[0x0018, 0x1063, 'DS', '50']] });
        await pick(page, [
            { name: 'bare.dcm', buffer: video(stream, '1.2.840.10008.1.2.4.102') },
            { name: 'transport.dcm', buffer: video(transportStream(stream), '1.2.840.10008.1.2.4.102') },
            { name: 'mpeg2.dcm', buffer: video(stream, '1.2.840.10008.1.2.4.100') },
        ]);
        await settled(page, 3);
        const rows = await rowsOf(page);
        assert.deepEqual(rows.map(({ state }) => state), ['done', 'done', 'failed'], JSON.stringify(rows));
        assert.match(rows[2]?.text ?? '', /No browser decodes MPEG-2. Convert it: gdcmraw/);
        await answered(page);
        // Each picture is twelve levels lighter than the one before; they are shown in any order.
        const slider = page.getByRole('slider', { name: 'Frame', exact: true });
        for (const frame of [20, 3, 12]) {
            await slider.fill(String(frame));
            await page.waitForFunction(wanted => document.querySelector('#frame-text')?.textContent === `Frame ${wanted} of 20`, frame);
            await nextFrame(page);
            await answered(page);
            const [level = 0] = await colourAt(page, 0.5, 0.5);
            assert.ok(Math.abs(level - 12 * frame) <= 8, `frame ${frame}: ${level}`);
        }
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    test('real files of several manufacturers open', { skip: existsSync(REAL) ? false : 'the files are not in ../shared/data' }, async () => {
        const page = await site.open();
        const names = (await readdir(REAL)).sort();
        await pick(page, await Promise.all(names.map(async name => ({ name, buffer: await readFile(path.join(REAL, name)) }))));
        await settled(page, names.length);
        for (const { name, state, text } of await rowsOf(page)) {
            assert.equal(state, 'done', `${name}: ${text}`);
        }
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });
});
