/** Exported outlines are read back by others: with their own tools where these are installed, and with the page's reader. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { strFromU8, unzipSync } from 'fflate';
import { Sonomask } from '../../wasm/sonomask.js';
import { toLabelMe, toYolo } from '../../web/export/labelme.js';
import { classesOf } from '../../web/export/pictures.js';
import { classOf } from '../../web/export/provenance.js';
import { toCsv } from '../../web/export/table.js';
import { explanation, headline, swatchOf, viewLines, viewType } from '../../web/panel/words.js';
import { Item } from '../../web/state/item.js';
import { decodeRuns, encodeRuns } from '../../web/state/masks.js';
import { readAnnotations } from '../../web/session/annotations.js';
import { fillPolygon } from '../../web/session/polygons.js';
import { attempt, execute, temporaryFolder } from '../node/support/project.js';
import { answered, faultsOf, nextFrame, pick, saved, settled, skip, startSite } from './support/page.js';
import { sample } from './support/samples.js';

const READER = new URL('./support/read_exports.py', import.meta.url).pathname;

test('in an image of several pictures each outline has the class of its own picture', () => {
    const region = (/** @type {number} */ x, /** @type {string} */ type) => ({ x, y: 0, width: 4, height: 4, type });
    const mask = new Uint8Array(32);
    for (const pixel of [9, 10, 13, 14]) mask[pixel] = 255;
    const lesions = [{ centroid: { x: 2, y: 1.5 } }, { centroid: { x: 6, y: 1.5 } }];
    const result = /** @type {any} */ ({ width: 8, height: 4, type: 'malignant', regions: [region(0, 'benign'), region(4, 'malignant')], lesions, runs: encodeRuns(mask) });
    const item = new Item(new Blob(), 'two.png');
    assert.deepEqual(lesions.map(lesion => classOf(item, result, /** @type {any} */ (lesion))), ['benign', 'malignant']);
    assert.deepEqual([...classesOf(item, result)].filter(value => value > 0), [1, 1, 2, 2]);
    const outlines = [9, 13].map(pixel => {
        const x = pixel % 8;
        return { points: Float32Array.from([x, 1, x + 2, 1, x + 2, 2, x, 2]), isHole: false };
    });
    Object.assign(result, { lesions: lesions.map(({ centroid }, index) => ({ centroid, bbox: { x: index === 0 ? 1 : 5, y: 1, width: 2, height: 1 } })) });
    const labelOf = (/** @type {any} */ lesion) => classOf(item, result, lesion);
    const shapes = /** @type {any} */ (toLabelMe('two.png', result, /** @type {any} */ (outlines), labelOf, {})).shapes;
    assert.deepEqual(shapes.map((/** @type {any} */ { label }) => label), ['benign', 'malignant']);
    assert.deepEqual(toYolo(result, /** @type {any} */ (outlines), labelOf).trim().split('\n').map(line => line[0]), ['0', '1']);
    item.review.type = 'benign';
    assert.deepEqual([...classesOf(item, result)].filter(value => value > 0), [1, 1, 1, 1], 'the reader’s type is of the whole image');
});

test('an image of views with different types says so: page, list, table of lesions and CSV', () => {
    const region = (/** @type {number} */ x, /** @type {string} */ type, /** @type {number} */ benign, presence = 0.99) =>
        ({ x, y: 0, width: 4, height: 4, type, presence, probabilities: { normal: 0, benign, malignant: 1 - benign } });
    const lesions = [2, 6].map(x => ({ centroid: { x, y: 1.5 }, bbox: { x, y: 1, width: 1, height: 1 }, meanProbability: 1 }));
    const regions = [region(0, 'benign', 0.9), region(4, 'malignant', 0.2, 0.97)];
    const { type, probabilities, presence } = /** @type {any} */ (regions[0]);
    const result = /** @type {any} */ ({ width: 8, height: 4, type, probabilities, presence, regions, regionsFrom: 'found', lesions, possible: [], threshold: 0.5 });
    assert.equal(headline(result), 'Views differ: Malignant / Benign');
    assert.match(explanation(result, null), /those of view 1,/);
    assert.equal(swatchOf(result), null);
    assert.deepEqual(viewLines(result), ['View 1: Benign 90%', 'View 2: Malignant 80%']);
    assert.deepEqual(viewLines({ ...result, lesions: lesions.slice(0, 1) })[1], 'View 2: Lesion likely, none outlined (Malignant 80%)');
    assert.deepEqual(lesions.map(lesion => viewType(result, /** @type {any} */ (lesion))), ['Benign 90%', 'Malignant 80%']);
    const item = new Item(new Blob(), 'two.png');
    Object.assign(item, { state: 'done', results: new Map([[0, result]]) });
    const [head = '', ...rows] = toCsv(new Map([[item, { file: 'two.png', image: 'two.png', stem: 'two', hidden: false }]]), /** @type {any} */ ({})).trim().split('\r\n');
    const column = head.split(',').indexOf('type');
    assert.deepEqual(rows.map(row => row.split(',').slice(column, column + 4).join()), ['benign,0,0.9,0.1', 'malignant,0,0.2,0.8']);
    const same = { ...result, regions: [regions[0], regions[0]] };
    assert.equal(headline(same), 'Benign lesion');
});

describe('exported outlines', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    /** @type {import('./support/page.js').Page} */
    let page;
    /** @type {Record<string, Uint8Array>} */
    let files;
    /** The mask of the first image, 0 and 255. @type {Uint8ClampedArray} */
    let mask;
    /** @type {Sonomask} */
    let reader;

    before(async () => {
        reader = await Sonomask.load({ weights: null });
        site = await startSite();
        page = await site.open();
        await pick(page, [await sample('benign'), await sample('malignant')]);
        await settled(page, 2);
        await answered(page);
        // A hole in the lesion: a small dab of the eraser.
        await page.locator('[data-tool="erase"]').click();
        await page.locator('#brush-size').fill('4');
        const box = /** @type {{ x: number, y: number, width: number, height: number }} */ (await page.locator('#canvas').boundingBox());
        const record = JSON.parse((await saved(page, 'JSON')).bytes.toString());
        const { x, y } = record.lesions[0].centroid;
        const scale = Math.min(box.width / 600, box.height / 450);
        const at = { x: box.x + box.width / 2 + (x - 300) * scale, y: box.y + box.height / 2 + (y - 225) * scale };
        await page.mouse.move(at.x, at.y);
        await page.mouse.down();
        await page.mouse.up();
        await nextFrame(page);
        await page.locator('#review-type').selectOption('malignant');
        await page.locator('#review-birads').selectOption('4B');
        await page.locator('#review-notes').fill('=SUM(1), "quoted"');
        await page.locator('#review-accepted').click();
        await page.locator('#reader').fill('Reader 1');
        files = unzipSync(new Uint8Array((await saved(page, 'Everything (ZIP)')).bytes));
        mask = (await reader.decode(/** @type {Uint8Array} */ (files['masks/benign_mask.png']))).data;
    });
    after(() => site.close());

    const textOf = (/** @type {string} */ name) => strFromU8(/** @type {Uint8Array} */ (files[name]));

    test('COCO gives exactly the mask, holes included, with the reader’s type', () => {
        const { images, ignored } = readAnnotations(textOf('coco.json'));
        assert.equal(ignored, 0);
        const [first] = images;
        assert.equal(first?.name, 'benign.png');
        assert.equal(first?.type, 'malignant');
        assert.deepEqual(decodeRuns(first?.mask.runs ?? new Uint32Array(), mask.length), new Uint8Array(mask));
        const coco = JSON.parse(textOf('coco.json'));
        assert.ok(coco.annotations.some((/** @type {any} */ { segmentation }) => segmentation.counts), 'the lesion with a hole has run lengths');
        assert.deepEqual([coco.images[0].sonomask.review, coco.images[0].sonomask.birads, coco.info.contributor], ['accepted', '4B', 'Reader 1']);
    });

    test('LabelMe and YOLO enclose the mask; the class mask has the class of the reader', async () => {
        const [{ mask: read } = { mask: { runs: new Uint32Array() } }] = readAnnotations(textOf('labelme/benign.json')).images;
        const filled = decodeRuns(read.runs, mask.length);
        const yolo = new Uint8Array(mask.length);
        for (const line of textOf('yolo/labels/benign.txt').trim().split('\n')) {
            const [number, ...shares] = line.split(' ').map(Number);
            assert.equal(number, 1, 'malignant');
            fillPolygon(yolo, 600, 450, shares.map((share, index) => share * (index % 2 === 0 ? 600 : 450)));
        }
        let hole = 0;
        for (let index = 0; index < mask.length; index++) {
            if (mask[index]) assert.ok(filled[index] && yolo[index], String(index));
            else if (filled[index]) hole++;
        }
        assert.ok(hole > 10 && hole < 200, `${hole} pixels of the hole are filled`);
        assert.match(textOf('yolo/data.yaml'), /names:\n {2}0: benign\n {2}1: malignant\n {2}2: lesion/);
        const { data } = await reader.decode(/** @type {Uint8Array} */ (files['classes/benign.png']));
        assert.ok(data.every((value, index) => value === (mask[index] ? 2 : 0)));
    });

    test('every file says from what, by whom and when it was made, and what the reader decided', () => {
        const { weights_sha256: weights } = JSON.parse(textOf('provenance.json'));
        assert.match(weights, /^[0-9a-f]{64}$/);
        for (const name of Object.keys(files).filter(each => /benign.*\.png$/.test(each))) {
            const bytes = Buffer.from(/** @type {Uint8Array} */ (files[name]));
            const start = bytes.indexOf('iTXtsonomask\0');
            const facts = JSON.parse(bytes.subarray(start + 17, start + 4 + bytes.readUInt32BE(start - 4)).toString());
            assert.deepEqual([facts.weights_sha256, facts.reader, facts.review, facts.birads], [weights, 'Reader 1', 'accepted', '4B'], name);
        }
        const [record] = JSON.parse(textOf('results.json'));
        assert.ok(!('prompts' in record) && record.edited, 'painted, without a click');
        assert.deepEqual([record.review, record.reader_type, record.notes, record.provenance.weights_sha256], ['accepted', 'malignant', '=SUM(1), "quoted"', weights]);
        const [head = '', line = ''] = textOf('results.csv').split('\r\n');
        assert.ok(head.endsWith(',software,network,weights_date,weights_sha256,date,frames,frames_answered,region,region_x,region_y,region_width,region_height,regions_from,'
            + 'shape,orientation,margin,margin_signs,echo,posterior,halo,lesion_width_px,lesion_height_px,depth_px,height_ratio,lesion_width_mm,lesion_height_mm,depth_mm,'
            + 'reader_shape,reader_orientation,reader_margin,reader_echo,reader_posterior'));
        assert.match(line, /,(oval|round|irregular),(not )?parallel,/, 'what was painted is described, too');
        assert.ok(line.includes(`,accepted,malignant,4B,"'=SUM(1), ""quoted""",Reader 1,`), line);
        assert.equal(JSON.parse(textOf('labelme/benign.json')).sonomask.review, 'accepted');
    });

    test('nibabel, labelme and a JSON schema accept the files', async context => {
        const python = process.env['PYTHON'] ?? '/usr/bin/python3';
        const tools = await attempt(python, ['-c', 'import nibabel, jsonschema']);
        if (tools.status !== 0) {
            context.skip('python3-nibabel or python3-jsonschema is not installed');
            return;
        }
        const folder = await temporaryFolder(context);
        for (const [name, bytes] of Object.entries(files)) {
            await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
            await writeFile(path.join(folder, name), bytes);
        }
        const picture = path.join(folder, 'benign.png');
        await writeFile(picture, (await sample('benign')).buffer);
        const { stdout } = await execute(python, [READER, folder, picture]);
        const { nifti, labelme } = JSON.parse(String(stdout));
        const pixels = mask.reduce((sum, value) => sum + (value ? 1 : 0), 0);
        let first = mask.length;
        for (let x = 0; x < 600 && first === mask.length; x++) for (let y = 0; y < 450 && first === mask.length; y++) if (mask[y * 600 + x]) first = y * 600 + x;
        assert.deepEqual([nifti.shape, nifti.type, nifti.classes, nifti.pixels], [[600, 450, 1], 'uint8', [0, 2], pixels]);
        assert.deepEqual(nifti.first, [first % 600, Math.floor(first / 600)]);
        assert.deepEqual([nifti.zooms, nifti.axes], [[1, 1, 1], 'LPS']);
        assert.deepEqual([nifti.comment.reader, nifti.comment.review], ['Reader 1', 'accepted']);
        if (labelme) {
            assert.ok(labelme.shapes.length > 0);
            for (const [label, kind, points] of labelme.shapes) assert.ok(label === 'malignant' && kind === 'polygon' && points > 3);
            assert.deepEqual(labelme.other, ['sonomask']);
        }
        assert.deepEqual(faultsOf(page), []);
    });
});
