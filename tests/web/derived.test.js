/** DICOM SEG and SR: saved from the page, and added again beside their image. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { byFrame } from '../../wasm/dicom/frame-masks.js';
import { libraries } from '../../wasm/dicom/libraries-node.js';
import { readDerived } from '../../wasm/dicom/read-derived.js';
import { readReference } from '../../wasm/dicom/reference.js';
import { binarySegmentation } from '../../wasm/dicom/segmentation.js';
import { Sonomask } from '../../wasm/sonomask.js';
import { faultsOf as judge, readByPydicom, withoutJudges } from '../node/support/derived.js';
import { dicom } from '../node/support/dicom.js';
import { temporaryFolder } from '../node/support/project.js';
import { answered, faultsOf, pick, saved, settled, skip, startSite } from './support/page.js';
import { sample } from './support/samples.js';

describe('DICOM SEG and SR', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    before(async () => {
        site = await startSite();
    });
    after(() => site.close());

    test('outlines and judgement are saved without the patient’s name, valid, and come back', { skip: withoutJudges }, async context => {
        const folder = await temporaryFolder(context);
        const reader = await Sonomask.load({ weights: null });
        const benign = await sample('benign');
        const { data, width, height, channels } = await reader.decode(new Uint8Array(benign.buffer));
        const pixels = Buffer.from(Uint8Array.from({ length: width * height }, (_, index) => data[index * channels] ?? 0));
        const image = { name: 'image.dcm', buffer: dicom({ width, height, pixels, more: [
            [0x0008, 0x0016, 'UI', '1.2.840.10008.5.1.4.1.1.6.1'], [0x0008, 0x0018, 'UI', '1.2.3.4'], [0x0020, 0x000d, 'UI', '1.2.3.1'],
            [0x0020, 0x000e, 'UI', '1.2.3.2'],
        ] }) };
        const page = await site.open();
        await pick(page, [image, { ...benign, name: 'plain.png' }]);
        await settled(page, 2);
        await answered(page);
        const silent = { name: 'silent_sr.dcm', buffer: (await saved(page, 'DICOM SR')).bytes };
        await page.locator('#review-birads').selectOption('4A');
        await page.locator('#review-notes').fill('ملاحظة');
        const [seg, sr] = [await saved(page, 'DICOM SEG'), await saved(page, 'DICOM SR')];
        assert.deepEqual([seg.name, sr.name], ['dicom-1_seg.dcm', 'dicom-1_sr.dcm']);
        const files = [path.join(folder, seg.name), path.join(folder, sr.name)];
        await writeFile(files[0] ?? '', seg.bytes);
        await writeFile(files[1] ?? '', sr.bytes);
        for (const file of files) assert.deepEqual(await judge(file), []);
        const [object, report] = await readByPydicom(files);
        assert.deepEqual([object.name, report.name, object.frames[0].source], ['', '', '1.2.3.4']);
        assert.ok(report.items.some((/** @type {any} */ [place, value]) => place.endsWith('Referenced Segmentation Frame') && value[0] === object.instance));
        const mask = (await reader.decode(new Uint8Array((await saved(page, 'Mask PNG')).bytes))).data;
        assert.deepEqual(byFrame((await readDerived(new Uint8Array(seg.bytes), libraries))?.masks ?? [], 1).get(0)?.mask, new Uint8Array(mask));
        await page.locator('.row-main', { hasText: 'plain.png' }).click();
        await page.waitForFunction(() => document.querySelector('#save-seg')?.matches(':disabled'));
        await page.context().close();

        const second = await site.open();
        // Of the class of label maps (Supplement 243), and of another image.
        const labels = seg.bytes.toString('latin1').replaceAll('1.2.3.4\0', '1.2.3.5\0').replaceAll('.1.1.66.4', '.1.1.66.7');
        const other = { name: 'other_seg.dcm', buffer: Buffer.from(labels, 'latin1') };
        const back = (/** @type {typeof seg} */ { name, bytes }) => ({ name, buffer: bytes });
        await pick(second, [image, back(seg), back(sr), silent, other, { name: 'cut_seg.dcm', buffer: seg.bytes.subarray(0, seg.bytes.length - 99) }]);
        await settled(second, 1);
        await answered(second);
        await second.getByText('DICOM SEG: outlines of 1 image').first().waitFor();
        await second.getByText('1 image is not in the list: 1.2.3.5').first().waitFor();
        await second.getByText('DICOM SR: silent_sr.dcm holds no reader’s judgement').first().waitFor();
        await second.getByText(/cut_seg\.dcm.*damaged/).first().waitFor();
        await second.locator('#compare', { hasText: /Dice\s*1\.0/ }).waitFor();
        assert.equal(await second.locator('#review-birads').inputValue(), '4A');
        assert.equal(await second.locator('#review-notes').inputValue(), 'ملاحظة');
        await second.getByRole('button', { name: 'Use as my outlines' }).click();
        await second.getByText('They are the outlines of 1 image').first().waitFor();
        assert.deepEqual(faultsOf(second), []);
        await second.context().close();
    });

    test('masks of a loop go to the frames that the file names, with words; probabilities are saved', { skip: withoutJudges }, async context => {
        const folder = await temporaryFolder(context);
        const reader = await Sonomask.load({ weights: null });
        const { data, width, height, channels } = await reader.decode(new Uint8Array((await sample('benign')).buffer));
        const grey = Uint8Array.from({ length: width * height }, (_, index) => data[index * channels] ?? 0);
        const image = { name: 'loop.dcm', buffer: dicom({ width, height, frames: 3, pixels: Buffer.concat([grey, grey, grey]), more: [
            [0x0008, 0x0016, 'UI', '1.2.840.10008.5.1.4.1.1.3.1'], [0x0008, 0x0018, 'UI', '1.2.3.4'], [0x0020, 0x000d, 'UI', '1.2.3.1'],
            [0x0020, 0x000e, 'UI', '1.2.3.2'],
        ] }) };
        const box = Uint8Array.from(grey, (_, index) => Number(index % width >= 100 && index % width < 180 && index >= 90 * width && index < 140 * width));
        const reference = await readReference(image.buffer, libraries, false);
        const maker = { version: '1', network: 'test', weights: 'ab'.repeat(32) };
        const frames = [0, 2].map(frame => ({ frame, numbers: box, lesions: 1, edited: false }));
        const page = await site.open();
        await pick(page, [image, { name: 'loop_seg.dcm', buffer: Buffer.from(binarySegmentation(reference, frames, maker).file) }]);
        await page.getByText('DICOM SEG: outlines of 2 frames of loop.dcm, now their ground truth.').first().waitFor();
        await page.locator('#compare', { hasText: 'Frames with a mask: 2, of which 1 are compared' }).waitFor();
        await page.getByRole('button', { name: 'Use as my outlines' }).first().click();
        await page.getByText('loop.dcm: 2 frames have the outlines of the file: 1, 3.').first().waitFor();

        await page.locator('#compare', { hasText: /Frames with a mask: 2, of which 2 are compared.*2 images with a lesion: mean Dice 1\.000/ }).waitFor();

        const words = page.locator('#descriptors');
        await words.getByText('Width × height').waitFor();
        await words.getByText('80.0 px × 50.0 px').waitFor();
        await words.getByText('They are not a diagnosis').waitFor();
        await page.locator('#review-words summary').click();
        await page.locator('#review-shape').selectOption('round');
        const record = JSON.parse((await saved(page, 'JSON')).bytes.toString());
        const [{ descriptors }] = record.lesions;
        assert.deepEqual([record.lesions.length, descriptors.width_px, descriptors.height_px, descriptors.orientation, record.reader_words], [1, 80, 50, 'parallel', { shape: 'round' }]);
        const table = (await saved(page, 'CSV table')).bytes.toString().trim().split('\r\n').map(line => line.split(','));
        assert.equal(table.length, 3);
        const cell = (/** @type {number} */ row, /** @type {string} */ name) => table[row]?.[table[0]?.indexOf(name) ?? -1];
        assert.deepEqual([1, 2].map(row => [cell(row, 'frame'), cell(row, 'lesion_width_px'), cell(row, 'shape'), cell(row, 'reader_shape'), Number(cell(row, 'dice'))]),
            [1, 3].map(frame => [String(frame), '80', descriptors.shape, 'round', 1]));

        const files = [];
        for (const name of ['DICOM SEG', 'DICOM SR', 'DICOM SEG, probabilities']) {
            const file = await saved(page, name);
            files.push(path.join(folder, file.name));
            await writeFile(files.at(-1) ?? '', file.bytes);
            assert.deepEqual(await judge(files.at(-1) ?? ''), [], name);
            await page.getByText('loop.dcm: 2 of 3 frames are in it.').first().waitFor();
        }
        const [seg, report, levels] = await readByPydicom(files);
        assert.deepEqual(seg.frames.map((/** @type {any} */ { frame }) => frame), [1, 3]);
        assert.deepEqual(levels.frames.map((/** @type {any} */ { frame }) => frame), [1, 3]);
        const shapes = report.items.filter((/** @type {any} */ [place]) => place.endsWith('Shape')).map((/** @type {any} */ [, value]) => value);
        assert.equal(shapes.length, 3);
        assert.equal(shapes.at(-1), 'Round shape');
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });
});
