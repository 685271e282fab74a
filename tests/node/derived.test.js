/** DICOM SEG and SR: written by the Node command, judged and read by dicom3tools, dcmtk, gdcm and pydicom, and read back. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { decodeText } from '../../wasm/dicom/character-sets.js';
import { libraries } from '../../wasm/dicom/libraries-node.js';
import { apart, byFrame } from '../../wasm/dicom/frame-masks.js';
import { outlineNumbers } from '../../wasm/dicom/outlines.js';
import { readDerived } from '../../wasm/dicom/read-derived.js';
import { readReference } from '../../wasm/dicom/reference.js';
import { measurementReport } from '../../wasm/dicom/report.js';
import { binarySegmentation, fractionalSegmentation } from '../../wasm/dicom/segmentation.js';
import { originsOf } from '../../web/export/origins.js';
import { faultsOf, readByPydicom, withoutJudges } from './support/derived.js';
import { dicom, encapsulated, regions } from './support/dicom.js';
import { scan } from './support/images.js';
import { CLI, ROOT, attempt, execute, temporaryFolder } from './support/project.js';

const MAKER = { version: '1.2.3', network: 'test', weights: 'ab'.repeat(32), reader: 'Ann Lee' };
/** An odd number of pixels, so that frames begin within bytes. */
const [WIDTH, HEIGHT] = [35, 21];
const ULTRASOUND = '1.2.840.10008.5.1.4.1.1.6.1';
const LOOP = '1.2.840.10008.5.1.4.1.1.3.1';

/** @param {Uint8Array} bytes */
const sha256 = bytes => createHash('sha256').update(bytes).digest('hex');

/**
 * @param {string} instance
 * @param {number} [frames]
 * @returns {import('./support/dicom.js').DicomField[]}
 */
const identity = (instance, frames = 1) => [
    [0x0008, 0x0016, 'UI', frames > 1 ? LOOP : ULTRASOUND], [0x0008, 0x0018, 'UI', instance], [0x0008, 0x0060, 'CS', 'US'],
    [0x0020, 0x000d, 'UI', '1.2.3.1'], [0x0020, 0x000e, 'UI', '1.2.3.2'],
];

/**
 * @param {number} frames
 * @param {import('./support/dicom.js').DicomField[]} [more]
 */
function source(frames, more = []) {
    return dicom({
        width: WIDTH, height: HEIGHT, pixels: Buffer.alloc(WIDTH * HEIGHT * frames, 90), more: [...identity('1.2.3.4', frames), ...more],
        ...(frames > 1 && { frames }),
    });
}

/**
 * Numbers of lesions, at random places.
 * @param {number} seed
 * @param {number} lesions
 */
function numbersOf(seed, lesions) {
    let state = seed;
    return Uint8Array.from({ length: WIDTH * HEIGHT }, () => {
        state = (state * 1103515245 + 12345) % 2147483648;
        return Math.floor((state / 2147483648) * (lesions + 1));
    });
}

const NUMBERS = {
    width: 20, height: 12.5, heightRatio: 0.625, depth: 7, axisRatio: 0.6, roughness: 0.1, edgeContrast: 0.2, weakEdge: 0.3, corners: 3, lobes: 7, spicules: 2,
    echoRatio: 0.5, echoSpread: 0.4, posteriorRatio: 1.2, haloRatio: 1,
};
/** Every word once. @type {import('../../wasm/sonomask.js').Descriptors[]} */
const DESCRIPTORS = [
    { shape: 'oval', orientation: 'parallel', margin: 'circumscribed', marginSigns: [], echo: 'hypoechoic', posterior: 'enhancement', halo: true, ...NUMBERS },
    {
        shape: 'irregular', orientation: 'not parallel', margin: 'not circumscribed', marginSigns: ['indistinct', 'angular', 'microlobulated', 'spiculated'],
        echo: 'heterogeneous', posterior: 'shadowing', halo: false, ...NUMBERS,
    },
    { shape: 'round', orientation: 'parallel', margin: 'circumscribed', marginSigns: [], halo: false, ...NUMBERS, echo: null, posterior: null, echoRatio: null, posteriorRatio: null },
];

/** @param {number} number */
const lesion = number => ({
    area: 100 * number, longAxis: 20, shortAxis: 10.5, perimeter: 50, presence: 0.9, millimetres: null, type: /** @type {const} */ ('malignant'),
    probabilities: { normal: 0.1, benign: 0.2, malignant: 0.7 },
    descriptors: DESCRIPTORS[number - 1] ?? null,
});

test('frames of a loop: valid, the same bits in pydicom, gdcm and our own reader', { skip: withoutJudges }, async context => {
    const folder = await temporaryFolder(context);
    const reference = await readReference(source(4), libraries, false);
    const counts = [2, 0, 1, 3];
    const frames = counts.map((lesions, frame) => ({ frame, lesions, numbers: numbersOf(frame + 1, lesions), edited: frame === 3 }));
    const seg = binarySegmentation(reference, frames, MAKER);
    const sr = measurementReport(reference, seg, frames.map(({ frame, lesions }) => ({
        frame, presence: 0.25, lesions: Array.from({ length: lesions }, (_, index) => lesion(index + 1)),
    })), MAKER, { type: 'benign', birads: '4A', notes: 'ملاحظة\n2 \\ 3', words: { shape: 'round', margins: 'angular', echo: 'complex cystic and solid' } });
    const files = [path.join(folder, 'seg.dcm'), path.join(folder, 'sr.dcm')];
    await writeFile(files[0] ?? '', seg.file);
    await writeFile(files[1] ?? '', sr);
    for (const file of files) assert.deepEqual(await faultsOf(file), [], file);
    await execute('dsrdump', [files[1] ?? '']);

    const [object, report] = await readByPydicom(files);
    const expected = [1, 2, 3].flatMap(segment => frames.filter(({ lesions }) => lesions >= segment).map(({ frame, numbers }) => ({
        source: '1.2.3.4', frame: frame + 1, segment, index: [segment, [0, 2, 3].indexOf(frame) + 1], sha256: sha256(numbers.map(number => Number(number === segment))),
    })));
    assert.deepEqual(object.frames, expected);
    assert.equal(object.study, '1.2.3.1');
    assert.deepEqual([object.name, object.id, object.removed], ['', '', 'YES']);
    assert.match(object.parameters, /ab{1}abab/);
    const refers = report.items.filter((/** @type {any} */ [name]) => name.endsWith('Referenced Segmentation Frame')).map((/** @type {any} */ item) => item[1]);
    assert.deepEqual(refers.map((/** @type {any} */ [, number]) => object.frames[number - 1]).map((/** @type {any} */ { frame, segment }) => [frame, segment]),
        [[1, 1], [1, 2], [3, 1], [4, 1], [4, 2], [4, 3]]);
    const has = (/** @type {string} */ name, /** @type {unknown} */ value) =>
        report.items.some((/** @type {any} */ [place, found]) => place.endsWith(name) && JSON.stringify(found) === JSON.stringify(value));
    for (const [name, value] of /** @type {const} */ ([['Short Axis', [10.5, '{pixels}']], ['Probability of cancer', [70, '%']], ['Finding', 'No abnormality'],
        ['Assessment Category', '4A - Low suspicion'], ['Comment', 'ملاحظة\n2 \\ 3'], ['Person Observer Name', 'Lee^Ann'],
        ['Width', [20, '{pixels}']], ['Distance from skin', [7, '{pixels}']], ['Height to width ratio', [0.625, '{ratio}']], ['Minor to major axis ratio', [0.6, '{ratio}']],
        ['Roughness of the edge', [0.1, '{ratio}']], ['Contrast of the edge', [0.2, '{ratio}']], ['Share of the edge without contrast', [0.3, '{ratio}']],
        ['Corners of the outline', [3, '{count}']], ['Hollows between lobes of the outline', [7, '{count}']], ['Spicules of the outline', [2, '{count}']],
        ['Grey inside to beside the lesion', [0.5, '{ratio}']], ['Spread of the grey inside', [0.4, '{ratio}']],
        ['Grey below the lesion to beside that', [1.2, '{ratio}']], ['Grey of the rim to its surroundings', [1, '{ratio}']], ['Shape', 'Ovoid shape'],
        ['Shape', 'Irregular'], ['Orientation', 'Not parallel'], ['Margins', 'Circumscribed lesion'], ['Margins', 'Spiculated lesion'],
        ['Echo pattern', 'Hypoechoic'], ['Echo pattern', 'Heterogeneous'], ['Posterior acoustic features', 'Posterior shadowing'],
        ['Lesion boundary', 'Echogenic halo'], ['Shape', 'Round shape'], ['Echo pattern', 'Complex']])) assert.ok(has(name, value), name);

    // gdcm takes the pixels as they are: one bit per pixel, the lowest first, frames without a gap.
    await execute('gdcmraw', ['-i', files[0] ?? '', '-o', path.join(folder, 'raw'), '-t', '7fe0,0010']);
    const raw = await readFile(path.join(folder, 'raw'));
    const bits = expected.flatMap(({ frame, segment }) => Array.from(frames[frame - 1]?.numbers ?? [], number => number === segment));
    assert.ok(bits.every((bit, index) => Boolean((raw[index >> 3] ?? 0) & (1 << (index & 7))) === bit));

    const read = await readDerived(seg.file, libraries);
    assert.deepEqual([...byFrame(read?.masks ?? [], 4)].map(([frame, { mask }]) => [frame, sha256(mask)]).sort(),
        [0, 2, 3].map(frame => [frame, sha256((frames[frame]?.numbers ?? new Uint8Array()).map(number => (number ? 255 : 0)))]));
    assert.deepEqual((await readDerived(sr, libraries))?.judgement, {
        source: '1.2.3.4',
        judgement: { type: 'benign', birads: '4A', notes: 'ملاحظة\n2 \\ 3', words: { shape: 'round', margins: 'angular', echo: 'complex cystic and solid' } },
    });
    assert.equal(await readDerived(source(1), libraries), null);
});

test('probabilities as a fractional object; an image without a lesion', { skip: withoutJudges }, async context => {
    const folder = await temporaryFolder(context);
    const reference = await readReference(source(1), libraries, false);
    const levels = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, index) => (index * 7) % 256);
    const empty = { frame: 0, lesions: 0, numbers: new Uint8Array(WIDTH * HEIGHT), edited: false };
    const none = binarySegmentation(reference, [empty], MAKER);
    const files = ['fractional', 'empty', 'report'].map(name => path.join(folder, name));
    const bytes = [
        fractionalSegmentation(reference, [{ frame: 0, levels }], MAKER).file,
        none.file,
        measurementReport(reference, none, [{ frame: 0, lesions: [], presence: 0.02 }], MAKER),
    ];
    for (const [index, file] of files.entries()) {
        await writeFile(file, bytes[index] ?? '');
        assert.deepEqual(await faultsOf(file), [], file);
    }
    const [fractional, blank, report] = await readByPydicom(files);
    assert.deepEqual(fractional.frames, [{ source: '1.2.3.4', frame: 0, segment: 1, index: [1, 1], sha256: sha256(levels) }]);
    assert.equal(blank.frames[0].sha256, sha256(empty.numbers));
    assert.ok(report.items.some((/** @type {any} */ [name, value]) => name.endsWith('No abnormality') || value === 'No abnormality'));
    const [mask] = (await readDerived(bytes[0] ?? new Uint8Array(), libraries))?.masks ?? [];
    assert.deepEqual(mask?.segments[0]?.mask, levels.map(level => (level >= 127.5 ? 255 : 0)));
});

/**
 * @param {import('../../wasm/dicom/read-segmentation.js').ReadMask[]} masks
 * @param {Record<string, number>} counts frames of each image
 * @returns {Record<string, Record<string, Record<string, string>>>} sums of the masks by image, frame and segment
 */
function sumsOf(masks, counts) {
    return Object.fromEntries([...new Set(masks.map(mask => mask.source))].map(image => {
        const frames = byFrame(masks.filter(mask => mask.source === image), counts[image] ?? 0);
        return [image, Object.fromEntries([...frames].map(([frame, { segments }]) =>
            [frame, Object.fromEntries(segments.map(({ number, mask }) => [number, sha256(mask)]))]))];
    }));
}

test('segmentations in the manners of other programs: equal to the bit, or refused when their frames are not clear', { skip: withoutJudges }, async context => {
    const folder = await temporaryFolder(context);
    const { stdout } = await execute('/usr/bin/python3', [path.join(ROOT, 'tests/dicom/make_segmentation.py'), folder]);
    const files = stdout.trim().split('\n').map(line => JSON.parse(line));
    assert.ok(files.length > 30);
    for (const { file, counts, expected, refused } of files) {
        const read = async () => sumsOf((await readDerived(new Uint8Array(await readFile(path.join(folder, file))), libraries))?.masks ?? [], counts);
        if (refused) await assert.rejects(read(), { reason: 'frames' }, file);
        else assert.deepEqual(await read(), expected, file);
    }
    const [labelled] = (await readDerived(new Uint8Array(await readFile(path.join(folder, 'highdicom.dcm'))), libraries))?.masks ?? [];
    assert.equal(labelled?.segments[0]?.label, 'Läsion 1');
});

test('a file that dcmqi itself wrote is equal to the bit', async () => {
    // By dcmqi 011237d (write-segmentation of @itk-wasm/dicom 7.6.4, which 3D Slicer uses, too), of three made images of 40 x 20 pixels
    // with the labels 1 where x < 9 and, but for the first image, 2 where x + y > 30; empty slices skipped.
    const read = await readDerived(new Uint8Array(await readFile(path.join(ROOT, 'tests/dicom/dcmqi_seg.dcm'))), libraries);
    const maskOf = (/** @type {(x: number, y: number) => boolean} */ isInside) =>
        sha256(Uint8Array.from({ length: 800 }, (_, at) => (isInside(at % 40, Math.floor(at / 40)) ? 255 : 0)));
    const [first, second] = [maskOf(x => x < 9), maskOf((x, y) => x >= 9 && x + y > 30)];
    const images = ['1.2.3.1.2.1', '1.2.3.1.2.2', '1.2.3.1.2.3'];
    assert.deepEqual(sumsOf(read?.masks ?? [], Object.fromEntries(images.map(image => [image, 1]))), Object.fromEntries(images.map((image, index) =>
        [image, { 0: index === 0 ? { 1: first } : { 1: first, 2: second } }])));
    assert.deepEqual(read?.masks.map(({ segments }) => segments[0]?.label), ['One', 'One', 'One', 'Two', 'Two']);
});

test('segments that touch stay apart, segments that overlap together', () => {
    const rows = (/** @type {string[]} */ ...lines) => Uint8Array.from(lines.join(''), letter => (letter === '#' ? 255 : 0));
    const read = (/** @type {Uint8Array[]} */ ...masks) => ({
        width: 6, height: 4, mask: rows('######', '######', '######', '......').map((_, at) => (masks.some(mask => mask[at]) ? 255 : 0)),
        segments: masks.map((mask, index) => ({ number: index + 1, label: '', mask })),
    });
    const [left, right, middle] = [rows('###...', '###...', '###...', '......'), rows('...###', '...###', '...###', '......'), rows('......', '.####.', '......', '......')];
    const parted = apart(read(left, right));
    assert.deepEqual(parted, rows('###.##', '###.##', '###.##', '......'));
    const single = read(left);
    assert.equal(apart(single), single.mask);
    const overlapping = read(left, middle);
    assert.equal(apart(overlapping), overlapping.mask);
    assert.deepEqual(apart(read(left, right, middle)), rows('######', '######', '######', '......'));
    // Corners touch, too.
    assert.deepEqual(apart(read(rows('##....', '##....', '......', '......'), rows('......', '......', '..##..', '..##..'))), rows('##....', '##....', '...#..', '..##..'));
});

test('the same identifiers and date give the same bytes', async () => {
    const reference = await readReference(source(1), libraries, false);
    const make = () => {
        let last = 0;
        const made = { date: new Date(2026, 0, 2, 3, 4, 5), uid: () => `1.2.3.9.${++last}` };
        return binarySegmentation(reference, [{ frame: 0, lesions: 1, numbers: numbersOf(1, 1), edited: false }], MAKER, made).file;
    };
    assert.deepEqual(make(), make());
});

test('names of patients only on request, from their character set', async () => {
    /** @type {[terms: string, bytes: Buffer, name: string][]} */
    const cases = [
        ['ISO_IR 100', Buffer.from('Buc^J\xe9r\xf4me', 'latin1'), 'Buc^Jérôme'],
        ['ISO_IR 192', Buffer.from('王^小東'), '王^小東'],
        ['ISO_IR 127', Buffer.from([0xe2, 0xc8, 0xc7, 0xe6, 0xea]), 'قباني'],
        ['\\ISO 2022 IR 87', Buffer.from('Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B', 'latin1'), 'Yamada^Tarou=山田^太郎'],
        ['\\ISO 2022 IR 149', Buffer.from([0x1b, 0x24, 0x29, 0x43, 0xb1, 0xe8, 0x5e, 0x1b, 0x24, 0x29, 0x43, 0xc8, 0xf1]), '김^희'],
        ['', Buffer.from('Doe^John'), 'Doe^John'],
    ];
    for (const [terms, bytes, name] of cases) {
        assert.equal(decodeText(bytes, terms.split('\\')), name, terms);
        const file = dicom({
            width: WIDTH, height: HEIGHT, pixels: Buffer.alloc(WIDTH * HEIGHT),
            more: [[0x0008, 0x0005, 'CS', terms], ...identity('1.2.3.4'), [0x0010, 0x0010, 'PN', bytes]],
        });
        assert.equal((await readReference(file, libraries, true)).person['PatientName'], name === 'Doe^John' ? 'Doe^John' : name);
        assert.equal((await readReference(file, libraries, false)).person['PatientName'], '');
    }
});

test('outlines that a reader drew or corrected are named as such', { skip: withoutJudges }, async context => {
    const folder = await temporaryFolder(context);
    const reference = await readReference(source(1), libraries, false);
    const columns = (/** @type {(x: number) => number} */ of) => Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) => of(at % WIDTH));
    // Four lesions of five columns: all painted, a column painted, a column erased beside, untouched.
    const numbers = columns(x => (x % 8 < 5 && x < 32 ? 1 + Math.floor(x / 8) : 0));
    const layer = columns(x => (x < 5 || x === 8 ? 1 : x === 21 ? 2 : 0));
    const origins = originsOf(numbers, WIDTH, 4, layer, false);
    assert.deepEqual(origins, ['drawn', 'corrected', 'corrected', 'network']);
    assert.deepEqual(originsOf(numbers, WIDTH, 4, layer, true), ['drawn', 'corrected', 'corrected', 'corrected']);
    assert.deepEqual(originsOf(numbers, WIDTH, 4, null, false), ['network', 'network', 'network', 'network']);
    const seg = binarySegmentation(reference, [{ frame: 0, lesions: 4, numbers, edited: true, origins }], MAKER);
    const sr = measurementReport(reference, seg, [{ frame: 0, presence: 1, lesions: origins.map((origin, index) => ({ ...lesion(index + 1), origin })) }], MAKER);
    const files = [path.join(folder, 'seg.dcm'), path.join(folder, 'sr.dcm')];
    await writeFile(files[0] ?? '', seg.file);
    await writeFile(files[1] ?? '', sr);
    for (const file of files) assert.deepEqual(await faultsOf(file), [], file);
    const { stdout } = await execute('dcmdump', [files[0] ?? '']);
    assert.deepEqual([...stdout.matchAll(/\(0062,0008\) CS \[(\w+) *\]/g)].map(([, type]) => type), ['MANUAL', 'SEMIAUTOMATIC', 'SEMIAUTOMATIC', 'AUTOMATIC']);
    assert.equal([...stdout.matchAll(/\(0062,0009\)/g)].length, 3);
    const [report] = await readByPydicom(files.slice(1));
    assert.deepEqual(report.items.filter((/** @type {any} */ [place]) => /Measurement Group.*Comment$/.test(place)).map((/** @type {any} */ [, text]) => text),
        ['Outline drawn by a reader', 'Outline corrected by a reader', 'Outline corrected by a reader']);
});

test('BI-RADS categories have the codes of the standard, and those of earlier versions are read', { skip: withoutJudges }, async context => {
    const folder = await temporaryFolder(context);
    const reference = await readReference(source(1), libraries, false);
    const frame = { frame: 0, lesions: 0, numbers: new Uint8Array(WIDTH * HEIGHT), edited: false };
    const seg = binarySegmentation(reference, [frame], MAKER);
    const file = path.join(folder, 'sr.dcm');
    const coded = [['0', 'SCT 397138000'], ['1', 'SCT 397140005'], ['2', 'SCT 397141009'], ['3', 'SCT 397143007'], ['4', 'SCT 397144001'],
        ['4A', 'BI 4.0 MA.II.A.5.4A'], ['4B', 'BI 4.0 MA.II.A.5.4B'], ['4C', 'BI 4.0 MA.II.A.5.4C'], ['5', 'SCT 397145000'], ['6', 'BI 4.0 MA.II.A.5.6']];
    for (const [birads = '', code] of coded) {
        const judgement = { type: null, birads, notes: '' };
        const sr = measurementReport(reference, seg, [{ frame: 0, lesions: [], presence: 0.02 }], MAKER, judgement);
        await writeFile(file, sr);
        assert.deepEqual(await faultsOf(file), [], birads);
        const { stdout } = await execute('dcmdump', [file]);
        const [, value, scheme, version] = /\[Assessment[^]*?ConceptCodeSequence[^]*?\(0008,0100\) SH \[([^\]]*)\][^]*?\(0008,0102\) SH \[([^\]]*)\](?:[^[]*\n\s*\(0008,0103\) SH \[([^\]]*)\])?/.exec(stdout) ?? [];
        assert.equal([scheme, version, value].filter(Boolean).join(' '), code);
        assert.deepEqual((await readDerived(sr, libraries))?.judgement?.judgement, judgement);
    }
    // Version 0.1.0 wrote BIRADS-4A of the program's own scheme; a code of an unknown list is no category. The file has category 6.
    for (const [code, scheme, expected] of [['BIRADS-4A', '99SONOMASK', '4A'], ['MA.II.A.5.6', '99OTHER', '']]) {
        await execute('/usr/bin/python3', ['-c', `
import pydicom, sys
path, code, scheme = sys.argv[1:]
read = pydicom.dcmread(path)
for group in read.ContentSequence[-1].ContentSequence:
    for item in group.ContentSequence:
        if "ConceptNameCodeSequence" in item and item.ConceptNameCodeSequence[0].CodeValue == "111005":
            item.ConceptCodeSequence[0].CodeValue, item.ConceptCodeSequence[0].CodingSchemeDesignator = code, scheme
read.save_as(path)
`, file, code ?? '', scheme ?? '']);
        assert.equal((await readDerived(new Uint8Array(await readFile(file)), libraries))?.judgement?.judgement.birads, expected);
    }
});

test('lossy compression is named also where the image leaves it out, with all ratios and methods', { skip: withoutJudges }, async context => {
    const folder = await temporaryFolder(context);
    const [JPEG, H264, NEAR_LOSSLESS, JPEG_2000] = ['50', '102', '81', '91'].map(end => `1.2.840.10008.1.2.4.${end}`);
    const element = encapsulated([Buffer.alloc(100), Buffer.alloc(46)]);
    const said = (/** @type {string} */ text, /** @type {string} */ ratios = '', /** @type {string} */ methods = '') =>
        /** @type {import('./support/dicom.js').DicomField[]} */ ([[0x0028, 0x2110, 'CS', text], [0x0028, 0x2112, 'DS', ratios], [0x0028, 0x2114, 'CS', methods]]);
    const [ratio, none] = [Math.round((100 * WIDTH * HEIGHT) / 146) / 100, { LossyImageCompression: '00' }];
    /** @type {[syntax: string | undefined, more: import('./support/dicom.js').DicomField[], lossy: object][]} */
    const cases = [
        [JPEG, [], { LossyImageCompression: '01', LossyImageCompressionRatio: [ratio], LossyImageCompressionMethod: ['ISO_10918_1'] }],
        [H264, [], { LossyImageCompression: '01', LossyImageCompressionRatio: [ratio], LossyImageCompressionMethod: ['ISO_14496_10'] }],
        [JPEG, said('01', '12.5\\3', 'ISO_15444_1\\ISO_10918_1'),
            { LossyImageCompression: '01', LossyImageCompressionRatio: [12.5, 3], LossyImageCompressionMethod: ['ISO_15444_1', 'ISO_10918_1'] }],
        [JPEG_2000, said('01'), { LossyImageCompression: '01', LossyImageCompressionRatio: [ratio], LossyImageCompressionMethod: ['ISO_15444_1'] }],
        [undefined, said('01'), { LossyImageCompression: '01' }],
        [NEAR_LOSSLESS, [], none], [JPEG_2000, [], none], [undefined, [], none],
    ];
    for (const [index, [syntax, more, lossy]] of cases.entries()) {
        const file = dicom({ width: WIDTH, height: HEIGHT, more: [...identity('1.2.3.4'), ...more], ...(syntax ? { syntax, element } : { pixels: Buffer.alloc(WIDTH * HEIGHT) }) });
        const reference = await readReference(file, libraries, false);
        assert.deepEqual(reference.lossy, lossy, `${index}`);
        const seg = path.join(folder, `${index}.dcm`);
        await writeFile(seg, binarySegmentation(reference, [{ frame: 0, lesions: 1, numbers: numbersOf(1, 1), edited: false }], MAKER).file);
        assert.deepEqual(await faultsOf(seg), [], `${index}`);
    }
});

test('bad input is refused with a reason', async () => {
    const without = dicom({ width: WIDTH, height: HEIGHT, pixels: Buffer.alloc(WIDTH * HEIGHT), more: [[0x0008, 0x0018, 'UI', '']] });
    await assert.rejects(readReference(without, libraries, false), /nothing can refer to this DICOM file: its SOP Class UID is missing/);
    const reference = await readReference(source(1), libraries, false);
    const { file } = binarySegmentation(reference, [{ frame: 0, lesions: 1, numbers: numbersOf(1, 1), edited: false }], MAKER);
    await assert.rejects(readDerived(file.subarray(0, file.length - 60), libraries), /damaged/);
    for (let length = 140; length < file.length; length += 97)
        await readDerived(file.subarray(0, length), libraries).catch(error => assert.equal(error.name, 'FileError', `${length}: ${error.stack}`));
});

test('the parts of a mask get the numbers of their lesions', () => {
    const mask = Uint8Array.from([
        1, 0, 0, 0, 1,
        0, 1, 0, 0, 1,
        0, 0, 0, 0, 1,
        1, 0, 0, 0, 0,
    ]);
    const lesions = [
        { area: 3, bbox: { x: 4, y: 0, width: 1, height: 3 } },
        { area: 2, bbox: { x: 0, y: 0, width: 2, height: 2 } },
    ];
    assert.deepEqual([...outlineNumbers(mask, 5, lesions)], [2, 0, 0, 0, 1, 0, 2, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
});

test('sonomask predict --sr writes both objects, in millimetres where the file has them, and names what it cannot', { skip: withoutJudges }, async context => {
    const folder = await temporaryFolder(context);
    const [width, height] = [160, 120];
    const pixels = Buffer.from(scan(width, height));
    const image = (/** @type {string} */ instance) => dicom({
        width, height, pixels, more: [...identity(instance), regions({ box: [0, 0, width, height], centimetres: 0.02 })],
    });
    const names = ['a.dcm', 'b.dcm', 'c.dcm'].map(name => path.join(folder, name));
    await writeFile(names[0] ?? '', image('1.2.3.4'));
    await writeFile(names[1] ?? '', image('1.2.3.4'));
    await writeFile(names[2] ?? '', dicom({ width, height, pixels }));
    const out = path.join(folder, 'out');
    const { status, stdout, stderr } = await attempt(process.execPath, [CLI, 'predict', '--sr', '--patient', '--threads', '1', '--out', out, ...names]);
    assert.equal(status, 1, stderr);
    assert.match(stderr, /b\.dcm: no DICOM SEG: it has the same SOP Instance UID as .*a\.dcm/);
    assert.match(stderr, /c\.dcm: no DICOM SEG: nothing can refer to this DICOM file: its SOP Class UID is missing/);
    const files = [path.join(out, 'a_seg.dcm'), path.join(out, 'a_sr.dcm')];
    for (const file of files) assert.deepEqual(await faultsOf(file), [], file);
    const [object, report] = await readByPydicom(files);
    assert.equal(object.name, 'Doe^Jane');
    const line = JSON.parse(stdout.split('\n')[0] ?? '');
    const axes = report.items.filter((/** @type {any} */ [name]) => name.endsWith('Long Axis')).map((/** @type {any} */ item) => item[1]);
    assert.deepEqual(axes.map((/** @type {any} */ [value, unit]) => [value.toFixed(3), unit]),
        line.lesions.map((/** @type {any} */ { long_axis_mm }) => [long_axis_mm.toFixed(3), 'mm']));
    assert.equal(object.frames.length, Math.max(1, line.lesions.length));
    // An earlier answer of the program is replaced; a file of another one is not.
    await writeFile(files[0] ?? '', 'mine');
    const again = await attempt(process.execPath, [CLI, 'predict', '--seg', '--threads', '1', '--out', out, names[0] ?? '']);
    assert.match(again.stderr, /a_seg\.dcm exists and was not written by sonomask/);
    assert.equal(await readFile(files[0] ?? '', 'utf8'), 'mine');
});

test('wrong usage of the options of SEG and SR', async () => {
    for (const [options, message] of /** @type {[string[], RegExp][]} */ ([
        [['--seg', '--seg-type', 'both'], /must be binary or fractional/], [['--patient'], /need --seg or --sr/],
        [['--sr', '--seg-type', 'fractional'], /need --seg-type binary/],
    ])) {
        const { status, stderr } = await attempt(process.execPath, [CLI, 'predict', '--out', 'x', ...options, 'y.png']);
        assert.equal(status, 2);
        assert.match(stderr, message);
    }
});
