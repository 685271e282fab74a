/** Format and content of saved files. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { unzipSync } from 'fflate';
import { Sonomask } from '../../wasm/sonomask.js';
import { answered, faultsOf, pick, saved, settled, skip, startSite } from './support/page.js';
import { sample } from './support/samples.js';

describe('saving', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    /** @type {import('./support/page.js').Page} */
    let page;
    /** @type {Sonomask} */
    let reader;
    before(async () => {
        reader = await Sonomask.load({ weights: null });
        site = await startSite();
        page = await site.open({ permissions: ['clipboard-read', 'clipboard-write'] });
        const benign = await sample('benign');
        await pick(page, [benign, await sample('normal'), { ...benign, name: '=a,"b".png' }, { name: 'bad.png', buffer: Buffer.from('no') }]);
        await settled(page, 4);
        await answered(page);
    });
    after(() => site.close());

    /** @param {Buffer} bytes */
    async function read(bytes) {
        return reader.decode(new Uint8Array(bytes));
    }

    test('the mask is a grey PNG of the picture’s own size, 0 and 255, as measured', async () => {
        const { name, bytes } = await saved(page, 'Mask PNG');
        assert.equal(name, 'benign_mask.png');
        const { data, width, height, channels } = await read(bytes);
        assert.deepEqual([width, height, channels], [600, 450, 1]);
        const lesion = data.reduce((count, value) => count + (value === 255 ? 1 : 0), 0);
        assert.equal(lesion + data.reduce((count, value) => count + (value === 0 ? 1 : 0), 0), data.length);
        const record = JSON.parse((await saved(page, 'JSON')).bytes.toString());
        const areas = record.lesions.map((/** @type {{ area_px: number }} */ found) => found.area_px);
        assert.equal(lesion, areas.reduce((/** @type {number} */ sum, /** @type {number} */ area) => sum + area, 0));
        assert.deepEqual([record.file, record.width, record.height], ['benign.png', 600, 450]);
        const { normal, benign, malignant } = record.probabilities;
        assert.ok(Math.abs(normal + benign + malignant - 1) < 1e-3);
    });

    test('the overlay is a picture of the same size that differs where the outline is', async () => {
        const { name, bytes } = await saved(page, 'Overlay PNG');
        assert.equal(name, 'benign_overlay.png');
        const { data, width, height } = await read(bytes);
        assert.deepEqual([width, height], [600, 450]);
        let coloured = 0;
        for (let index = 0; index < data.length; index += 4) if (Math.abs((data[index] ?? 0) - (data[index + 2] ?? 0)) > 40) coloured++;
        assert.ok(coloured > 100);
    });

    test('the table has one line per lesion, escapes spreadsheet formulas, and lists failures', async () => {
        const { name, bytes } = await saved(page, 'CSV table');
        assert.equal(name, 'sonomask.csv');
        const lines = bytes.toString('utf8').replace('\ufeff', '').trim().split('\r\n');
        const columns = (lines[0] ?? '').split(',');
        assert.deepEqual(columns.slice(0, 4), ['file', 'frame', 'state', 'reason']);
        assert.ok(lines.some(line => line.startsWith('benign.png,,done,')));
        assert.ok(lines.some(line => line.startsWith(`"'=a,""b"".png",,done,`)), lines.join('\n'));
        assert.ok(lines.some(line => line.startsWith('bad.png,,failed,')));
        for (const line of lines.filter(text => /^(benign|normal)\.png,/.test(text))) assert.equal(line.split(',').length, columns.length);
    });

    test('the COCO polygons close around the area of their lesion', async () => {
        const coco = JSON.parse((await saved(page, 'COCO polygons')).bytes.toString());
        assert.deepEqual(coco.images.map((/** @type {{ file_name: string }} */ { file_name: name }) => name), ['benign.png', 'normal.png', '=a,"b".png']);
        assert.ok(coco.annotations.length >= 2);
        for (const { segmentation, area, image_id: image } of coco.annotations) {
            assert.ok(coco.images.some((/** @type {{ id: number }} */ { id }) => id === image));
            let enclosed = 0;
            for (const points of segmentation) {
                for (let index = 0; index < points.length; index += 2) {
                    const next = (index + 2) % points.length;
                    enclosed += (points[index] * points[next + 1] - points[next] * points[index + 1]) / 2;
                }
            }
            // Holes are left out of polygons, so these may enclose a little more.
            assert.ok(Math.abs(enclosed) >= area - 0.5 && Math.abs(enclosed) < area * 1.1, `${enclosed} for ${area}`);
        }
    });

    test('the ZIP contains all results, also for files with the same name', async () => {
        const { name, bytes } = await saved(page, 'Everything (ZIP)');
        assert.equal(name, 'sonomask.zip');
        const files = unzipSync(new Uint8Array(bytes));
        const perImage = ['=a,"b"', 'benign', 'normal'].flatMap(stem => [
            `masks/${stem}_mask.png`, `classes/${stem}.png`, `overlays/${stem}_overlay.png`, `nifti/${stem}.nii.gz`, `labelme/${stem}.json`,
            `yolo/labels/${stem}.txt`,
        ]);
        assert.deepEqual(Object.keys(files).sort(), [...perImage, 'coco.json', 'provenance.json', 'results.csv', 'results.json', 'yolo/data.yaml'].sort());
        assert.equal((await reader.decode(/** @type {Uint8Array} */ (files['masks/normal_mask.png']))).width, 600);
    });

    test('the picture is copied, and the printed report contains every answer', async () => {
        await page.getByRole('button', { name: 'Copy picture' }).click();
        await page.getByText('The picture is on the clipboard.').first().waitFor();
        const types = await page.evaluate(async () => (await navigator.clipboard.read()).flatMap(item => item.types));
        assert.deepEqual(types, ['image/png']);
        await page.evaluate(() => {
            window.print = () => {
                document.documentElement.dataset['printed'] = document.getElementById('report')?.innerText ?? '';
                document.documentElement.dataset['pictures'] = String(document.querySelectorAll('#report img').length);
            };
        });
        await page.getByRole('button', { name: 'Print report' }).click();
        await page.locator('html[data-printed]').waitFor({ state: 'attached' });
        assert.equal(await page.locator('html').getAttribute('data-pictures'), '3');
        assert.deepEqual(faultsOf(page), []);
    });
});
