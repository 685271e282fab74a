/** DICOM SEG and SR: saved from the page, and added again beside their image. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { libraries } from '../../wasm/dicom/libraries-node.js';
import { readDerived } from '../../wasm/dicom/read-derived.js';
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
        assert.deepEqual((await readDerived(new Uint8Array(seg.bytes), libraries))?.masks[0]?.mask, new Uint8Array(mask));
        await page.locator('.row-main', { hasText: 'plain.png' }).click();
        await page.waitForFunction(() => document.querySelector('#save-seg')?.matches(':disabled'));
        await page.context().close();

        const second = await site.open();
        const other = { name: 'other_seg.dcm', buffer: Buffer.from(seg.bytes.toString('latin1').replaceAll('1.2.3.4\0', '1.2.3.5\0'), 'latin1') };
        const back = (/** @type {typeof seg} */ { name, bytes }) => ({ name, buffer: bytes });
        await pick(second, [image, back(seg), back(sr), other, { name: 'cut_seg.dcm', buffer: seg.bytes.subarray(0, seg.bytes.length - 99) }]);
        await settled(second, 1);
        await answered(second);
        await second.getByText('DICOM SEG: outlines of 1 image').first().waitFor();
        await second.getByText('1 image is not in the list: 1.2.3.5').first().waitFor();
        await second.getByText(/cut_seg\.dcm.*damaged/).first().waitFor();
        await second.locator('#compare', { hasText: /Dice\s*1\.0/ }).waitFor();
        assert.equal(await second.locator('#review-birads').inputValue(), '4A');
        assert.equal(await second.locator('#review-notes').inputValue(), 'ملاحظة');
        await second.getByRole('button', { name: 'Use as my outlines' }).click();
        await second.getByText('They are the outlines of 1 image').first().waitFor();
        assert.deepEqual(faultsOf(second), []);
        await second.context().close();
    });
});
