/** The reader of DICOM and TIFF, and `sonomask predict` in Node with them. `make test-dicom` has the whole matrix. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';

import { readDirectory } from '../../wasm/dicom/directory.js';
import { isDicom } from '../../wasm/dicom/is-dicom.js';
import { libraries } from '../../wasm/dicom/libraries-node.js';
import { readDicom } from '../../wasm/dicom/read.js';
import { readTiff } from '../../wasm/dicom/tiff.js';
import { dicom, dicomElement, encapsulated, regions, rle } from './support/dicom.js';
import { compare, makeFiles, withoutTools } from './support/dicom-files.js';
import { jpeg, scan, scanPng } from './support/images.js';
import { CLI, ROOT, WEIGHTS, attempt, temporaryFolder } from './support/project.js';
import { tiff } from './support/tiff.js';

const REAL = path.resolve(ROOT, '../shared/data/dicom');
const [WIDTH, HEIGHT] = [60, 48];
const size = { width: WIDTH, height: HEIGHT };
const grey = Buffer.from(scan(WIDTH, HEIGHT));
const SYNTAX = '1.2.840.10008.1.2.4.';

/** @param {Buffer} bytes */
const open = bytes => readDicom(new Uint8Array(bytes), libraries);

/** @param {string} output JSON Lines */
const parseLines = output => output.trimEnd().split('\n').map(line => JSON.parse(line));

test('one file per transfer syntax and kind of pixels shows what dcmtk, gdcm and pydicom show', { skip: withoutTools }, async context => {
    const folder = await temporaryFolder(context);
    const files = await makeFiles(folder, true);
    assert.ok(files.length > 70);
    for (const expected of files) {
        assert.ok(isDicom((await readFile(path.join(folder, expected.file))).subarray(0, 132)), expected.file);
        await compare(folder, expected);
    }
});

test('every real file opens', { skip: existsSync(REAL) ? false : 'the files are not in ../shared/data' }, async () => {
    const names = await readdir(REAL);
    for (const name of names) {
        const { width, height, frameCount, frame } = await open(await readFile(path.join(REAL, name)));
        const decoded = await frame(frameCount - 1);
        assert.ok('data' in decoded && decoded.data.length === 3 * width * height, name);
    }
    assert.ok(names.length >= 6);
});

test('regions and the size of pixels are read, also in millimetres', async () => {
    const file = await open(dicom({ ...size, pixels: grey, more: [regions({ box: [10, 5, 50, 45], centimetres: 0.02 })] }));
    const box = { x: 10, y: 5, width: 40, height: 40 };
    assert.deepEqual(file.regions, [{ ...box, twoDimensional: true, dataType: 1, millimetres: 0.2 }]);
    assert.deepEqual(file.scales, [{ millimetres: 0.2, region: box }]);
    const spaced = await open(dicom({ ...size, pixels: grey, more: [[0x0028, 0x0030, 'DS', '0.3\\0.3']] }));
    assert.deepEqual(spaced.scales, [{ millimetres: 0.3, region: null }]);
    const oblong = await open(dicom({ ...size, pixels: grey, more: [[0x0028, 0x0030, 'DS', '0.3\\0.4']] }));
    assert.deepEqual(oblong.scales, []);
});

test('the pictures that a file marks do not overlap, and curves are none', async () => {
    const centimetres = 0.02;
    const more = [regions(
        { box: [0, 0, 20, 30], centimetres },
        { box: [40, 0, 60, 30], centimetres },
        { box: [45, 10, 58, 35], centimetres, type: 2 },
        { box: [0, 36, 60, 48], centimetres, format: 3 },
    )];
    const file = await open(dicom({ ...size, pixels: grey, more }));
    assert.equal(file.regions.length, 4);
    assert.deepEqual(file.pictures, [{ x: 0, y: 0, width: 20, height: 30 }, { x: 40, y: 0, width: 20, height: 35 }]);
    assert.deepEqual((await open(dicom({ ...size, pixels: grey }))).pictures, []);
});

/** A lossless JPEG-LS picture would do as well: any code stream whose header names another size. @param {number} marker */
const wrongSize = marker => Buffer.from([0xff, 0xd8, 0xff, marker, 0, 11, 8, 0xff, 0xff, 0xff, 0xff, 1, 1, 0x11, 0]);

const picture = jpeg({ ...size, value: x => 4 * x });
const half = picture.subarray(0, picture.length - 60);
/** @param {string} end @returns {import('./support/dicom.js').DicomField} */
const ofClass = end => [0x0008, 0x0016, 'UI', `1.2.840.10008.5.1.4.1.1.${end}`];
/** @type {[name: string, file: Buffer, reason: string, detail: RegExp][]} */
const BAD = [
    ['an empty file', Buffer.alloc(0), 'damaged', /does not begin/],
    ['a cut header', dicom({ ...size, pixels: grey }).subarray(0, 150), 'damaged', /./],
    ['cut pixels', dicom({ ...size, pixels: grey }).subarray(0, 2000), 'damaged', /bytes of pixels|attempt/],
    ['a lying length', dicom({ ...size, element: dicomElement([0x7fe0, 0x0010, 'OB', grey], 0x7ffffff0) }), 'damaged', /./],
    ['no pixels', dicom(size), 'no-pixels', /^$/],
    ['a SEG', dicom({ ...size, pixels: grey, more: [ofClass('66.4')] }), 'other-object', /^SEG$/],
    ['a label map', dicom({ ...size, pixels: grey, more: [ofClass('66.7')] }), 'other-object', /^label map$/],
    ['an SR', dicom({ ...size, more: [ofClass('88.33')] }), 'other-object', /^SR$/],
    ['a presentation state', dicom({ ...size, more: [ofClass('11.1')] }), 'other-object', /^presentation state$/],
    ['0 frames', dicom({ ...size, pixels: grey, more: [[0x0028, 0x0008, 'IS', '0']] }), 'damaged', /^0 frames$/],
    ['more frames than pixels', dicom({ ...size, frames: 400, pixels: grey }), 'damaged', /bytes of pixels/],
    ['65,535 x 65,535', dicom({ width: 65535, height: 65535, pixels: grey }), 'too-large', /65535 × 65535/],
    ['no width', dicom({ width: 0, height: 5, pixels: grey }), 'damaged', /0 × 5/],
    ['12 bits allocated', dicom({ ...size, bits: 12, pixels: grey }), 'kind', /12 bits/],
    ['four colours', dicom({ ...size, colour: 'CMYK', samples: 4, pixels: grey }), 'kind', /CMYK/],
    ['an unknown syntax', dicom({ ...size, syntax: `${SYNTAX}110`, element: encapsulated([grey]) }), 'syntax', /JPEG XL/],
    ['a damaged deflated file', dicom({ ...size, syntax: '1.2.840.10008.1.2.1.99', pixels: grey }), 'damaged', /deflated/],
    ['a video', dicom({ ...size, syntax: `${SYNTAX}100`, element: encapsulated([grey]) }), 'video', /MPEG2/],
    ['an index', dicom({ ...size, more: [[0x0004, 0x1220, 'SQ', Buffer.alloc(0)]] }), 'directory', /^$/],
    ['damaged RLE', dicom({ ...size, syntax: '1.2.840.10008.1.2.5', element: encapsulated([Buffer.alloc(400, 3)]) }), 'damaged', /RLE/],
    ['fragments without end', dicom({ ...size, syntax: `${SYNTAX}50`, element: encapsulated([picture]) }).subarray(0, -60), 'damaged', /./],
    ['fewer fragments than frames', dicom({ ...size, frames: 9, syntax: `${SYNTAX}50`, element: encapsulated([picture, picture], [0, 4]) }), 'damaged', /2 of 9 frames/],
    ['a cut JPEG', dicom({ ...size, syntax: `${SYNTAX}50`, element: encapsulated([half]) }), 'damaged', /JPEG: the data ends too early/],
    ['a JPEG of another size', dicom({ ...size, syntax: `${SYNTAX}50`, element: encapsulated([wrongSize(0xc0)]) }), 'damaged', /65535 × 65535, not 60 × 48/],
    ['a lossless JPEG of another size', dicom({ ...size, syntax: `${SYNTAX}70`, element: encapsulated([wrongSize(0xc3)]) }), 'damaged', /65535/],
    ['a JPEG-LS of another size', dicom({ ...size, syntax: `${SYNTAX}80`, element: encapsulated([wrongSize(0xf7)]) }), 'damaged', /65535/],
    ['no JPEG-LS', dicom({ ...size, syntax: `${SYNTAX}80`, element: encapsulated([grey]) }), 'damaged', /JPEG-LS: no start/],
    ['no JPEG 2000', dicom({ ...size, syntax: `${SYNTAX}90`, element: encapsulated([grey]) }), 'damaged', /JPEG 2000: no start/],
];

test('each kind of bad file has its own reason', async () => {
    for (const [name, file, reason, detail] of BAD) {
        const result = await open(file).then(opened => opened.frame(0)).then(() => null, error => error);
        assert.equal(result?.name, 'FileError', `${name}: ${result?.stack}`);
        assert.equal(result.reason, reason, `${name}: ${result.message}`);
        assert.match(result.detail, detail, name);
    }
});

test('a frame that cannot be decoded leaves the others', async () => {
    const frames = [picture, half, picture];
    const loop = await open(dicom({ ...size, frames: 3, syntax: `${SYNTAX}50`, element: encapsulated(frames) }));
    assert.ok('data' in (await loop.frame(0)));
    await assert.rejects(loop.frame(1), /damaged: JPEG/);
    assert.ok('data' in (await loop.frame(2)));
});

test('a deflated file that would fill the memory is refused', async () => {
    const head = dicom({ ...size, syntax: '1.2.840.10008.1.2.1.99' });
    const start = head.indexOf(Buffer.from([0x10, 0x00, 0x10, 0x00]));
    const bomb = Buffer.concat([head.subarray(0, start), deflateRawSync(Buffer.alloc(1 << 22))]);
    const small = { ...libraries, inflate: (/** @type {Uint8Array} */ bytes) => libraries.inflate(bytes, 1 << 20) };
    await assert.rejects(readDicom(new Uint8Array(bomb), small), { reason: 'damaged' });
});

test('TIFF: grey, inverted, colours, palette, 16 bits, pages; damaged files have a reason', async () => {
    const rgb = Buffer.from(scan(WIDTH * 3, HEIGHT));
    const words = Buffer.alloc(grey.length * 2);
    grey.forEach((value, index) => words.writeUInt16LE(value * 257, 2 * index));
    const palette = Array.from({ length: 768 }, (_, index) => (index % 256) * 257);
    for (const [file, expected] of /** @type {[Buffer, Buffer][]} */ ([
        [tiff([{ ...size, pixels: grey }]), grey],
        [tiff([{ ...size, pixels: Buffer.from(grey.map(value => 255 - value)), photometric: 0 }]), grey],
        [tiff([{ ...size, pixels: rgb, samples: 3, photometric: 2 }]), rgb],
        [tiff([{ ...size, pixels: words, bits: 16 }]), grey],
        [tiff([{ ...size, pixels: grey, photometric: 3, palette }]), Buffer.from([...grey].flatMap(value => [value, value, value]))],
    ])) {
        const { frameCount, frame } = await readTiff(new Uint8Array(file));
        const { data, width } = await frame(0);
        assert.deepEqual([frameCount, width, Buffer.from(data).equals(expected)], [1, WIDTH, true]);
    }
    const two = tiff([{ ...size, pixels: Buffer.alloc(grey.length) }, { ...size, pixels: grey }]);
    const pages = await readTiff(new Uint8Array(two));
    assert.equal(pages.frameCount, 2);
    assert.ok(Buffer.from((await pages.frame(1)).data).equals(grey));
    const one = tiff([{ ...size, pixels: grey }]);
    await assert.rejects(readTiff(new Uint8Array(one.subarray(0, 20))), { reason: 'tiff' });
    const circle = Buffer.from(one);
    circle.writeUInt32LE(circle.readUInt32LE(4), circle.readUInt32LE(4) + 2 + 12 * circle.readUInt16LE(circle.readUInt32LE(4)));
    await assert.rejects(readTiff(new Uint8Array(circle)), { reason: 'tiff', detail: 'its pages have no end' });
    await assert.rejects(readTiff(new Uint8Array(tiff([{ width: 60000, height: 60000, pixels: grey }]))), { reason: 'too-large' });
});

/**
 * @param {string[]} parameters
 * @param {string} cwd
 */
const sonomask = (parameters, cwd) => attempt(process.execPath, [CLI, 'predict', '--weights', WEIGHTS, ...parameters], { cwd });

test('predict answers every frame, in millimetres, and goes on after one that cannot be decoded', async context => {
    const folder = await temporaryFolder(context);
    const more = [regions({ box: [0, 0, WIDTH, HEIGHT], centimetres: 0.02 })];
    await writeFile(path.join(folder, '1.2.3.dcm'), dicom({ ...size, frames: 3, syntax: `${SYNTAX}50`, more, element: encapsulated([picture, half, picture]) }));
    await writeFile(path.join(folder, '1.2.4'), dicom({ ...size, pixels: grey }));
    await writeFile(path.join(folder, 'video'), dicom({ ...size, syntax: `${SYNTAX}102`, element: encapsulated([grey]) }));
    await writeFile(path.join(folder, 'page.tif'), tiff([{ ...size, pixels: grey }]));
    const { status, stdout, stderr } = await sonomask(['--threshold', '0', '--overlay', '--out', 'out', '1.2.3.dcm', '1.2.4', 'video', 'page.tif'], folder);
    assert.equal(status, 1);
    const lines = parseLines(stdout);
    assert.deepEqual(lines.map(({ file, frame, frames }) => [file, frame, frames]),
        [['1.2.3.dcm', 1, 3], ['1.2.3.dcm', 3, 3], ['1.2.4', undefined, undefined], ['page.tif', undefined, undefined]]);
    const [lesion] = [...lines[0].lesions, ...lines[0].possible_lesions];
    assert.ok(Math.abs(lesion.area_mm2 - lesion.area_px * 0.04) < 1e-3 * lesion.area_mm2);
    assert.equal(lesion.millimetres_per_pixel, 0.2);
    assert.match(stderr, /^sonomask: 1\.2\.3\.dcm: frame 2 of 3: the file is damaged: JPEG/m);
    assert.match(stderr, /^sonomask: video: a video inside DICOM \(MPEG-4 AVC\/H\.264 \(\S+\)\) can only be opened in the page$/m);
    assert.match(stderr, /2 of 4 files failed/);
    assert.deepEqual((await readdir(path.join(folder, 'out'))).sort(), [
        '1.2.3_frame1_mask.png', '1.2.3_frame1_overlay.png', '1.2.3_frame3_mask.png', '1.2.3_frame3_overlay.png',
        '1.2.4_mask.png', '1.2.4_overlay.png', 'page_mask.png', 'page_overlay.png',
    ]);
});

test('predict takes folders, an index, patterns and standard input', async context => {
    const folder = await temporaryFolder(context);
    await mkdir(path.join(folder, 'scans/deep'), { recursive: true });
    await writeFile(path.join(folder, 'scans/b.png'), scanPng(40, 30));
    await writeFile(path.join(folder, 'scans/b_mask.png'), scanPng(40, 30));
    await writeFile(path.join(folder, 'scans/notes.txt'), 'no image');
    await writeFile(path.join(folder, 'scans/deep/IM1'), dicom({ ...size, pixels: grey }));
    // What archives hold beside the images, under the names that archives give.
    const objects = [['SEG1.dcm', '66.4'], ['SR1', '88.22'], ['LABELS1.dcm', '66.7'], ['STATE1', '11.1']];
    for (const [name = '', end = ''] of objects) await writeFile(path.join(folder, 'scans', name), dicom({ ...size, pixels: grey, more: [ofClass(end)] }));
    await writeFile(path.join(folder, 'scans/US1.dcm'), dicom({ ...size, pixels: grey, more: [ofClass('6.1')] }));
    await mkdir(path.join(folder, 'empty'));
    const named = (/** @type {{ stdout: string }} */ { stdout }) => parseLines(stdout).map(({ file }) => file);
    const tree = await sonomask(['--out', 'out', 'scans'], folder);
    assert.deepEqual(named(tree), ['scans/US1.dcm', 'scans/b.png', 'scans/deep/IM1']);
    assert.equal(tree.status, 0, tree.stderr);
    assert.ok(existsSync(path.join(folder, 'out/deep/IM1_mask.png')));
    const pattern = await sonomask(['--out', 'out2', 'scans/**/IM?', 'none/*.png', 'empty', 'scans/SEG1.dcm', 'scans/SR1'], folder);
    assert.match(pattern.stderr, /scans\/SEG1\.dcm: it is a DICOM SEG, not an image\n/);
    assert.match(pattern.stderr, /scans\/SR1: it is a DICOM SR, not an image\n/);
    assert.deepEqual(named(pattern), ['scans/deep/IM1']);
    assert.match(pattern.stderr, /none\/\*\.png: no file matches\n/);
    assert.match(pattern.stderr, /empty: the folder holds no image\n/);
    const child = spawn(process.execPath, [CLI, 'predict', '--weights', WEIGHTS, '--out', 'out3', '-'], { cwd: folder });
    child.stdin.end(dicom({ ...size, pixels: grey }));
    const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    assert.equal(parseLines(output)[0].file, '-');
    assert.ok(existsSync(path.join(folder, 'out3/stdin_mask.png')));
    assert.equal((await sonomask(['--out', 'out4', '-', '-'], folder)).status, 2);
});

test('a DICOMDIR gives the images in its order', { skip: withoutTools }, async context => {
    const folder = await temporaryFolder(context);
    const disc = path.join(folder, 'disc');
    const made = path.join(folder, 'made');
    await mkdir(path.join(disc, 'DICOM'), { recursive: true });
    await makeFiles(made, true);
    for (const [name, source] of [['IM2', 'grey-explicit.dcm'], ['IM1', 'twelve-explicit.dcm']])
        await copyFile(path.join(made, /** @type {string} */ (source)), path.join(disc, 'DICOM', /** @type {string} */ (name)));
    await writeFile(path.join(disc, 'VIEWER.EXE'), 'MZ');
    await attempt('dcmmkdir', ['+D', 'DICOMDIR', '-Pgp', '+I', 'DICOM/IM2', 'DICOM/IM1'], { cwd: disc });
    const listed = await readDirectory(new Uint8Array(await readFile(path.join(disc, 'DICOMDIR'))), libraries);
    assert.deepEqual([...listed].sort(), ['DICOM/IM1', 'DICOM/IM2']);
    const { stdout } = await sonomask(['--out', 'out', 'disc'], folder);
    assert.deepEqual(parseLines(stdout).map(({ file }) => file), listed.map(name => `disc/${name}`));
});

test('a frame of RLE with several planes is decoded', async () => {
    const planes = [1, 2, 3].map(seed => Buffer.from(scan(WIDTH, HEIGHT, seed)));
    const file = await open(dicom({ ...size, colour: 'RGB', samples: 3, syntax: '1.2.840.10008.1.2.5', element: encapsulated([rle(planes)]) }));
    const decoded = await file.frame(0);
    assert.ok('data' in decoded);
    assert.deepEqual([...decoded.data.subarray(0, 3)], planes.map(plane => plane[0]));
});
