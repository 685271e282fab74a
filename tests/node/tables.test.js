/** The `keep` step of `weights/reproduce.sh`: a small tree of results in, tables out. */
import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { writeTables } from '../../weights/tables.js';
import { temporaryFolder } from './support/project.js';

/**
 * @param {string} folder
 * @param {Record<string, unknown>} files contents by path; what is not a text is written as JSON
 */
async function write(folder, files) {
    for (const [name, content] of Object.entries(files)) {
        const file = path.join(folder, name);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
    }
}

/** @param {number} dice */
const scores = dice => ({ images: 3, lesion_dice: dice, lesion_dice_interval: [dice - 0.1, null], milliseconds_per_image: 5 });

const RESULTS = {
    'folds/fold3/log.csv': 'epoch,loss\n1,0.5\n2,0.25\n',
    'coarse/sets/busi/log.csv': 'epoch,loss,accuracy\n1,0.75,\n',
    'report-folds/busi/metrics.json': {
        model: { file: '/somewhere/ready' },
        splits: { folds: { ...scores(0.75), risk_coverage: [[1, 2]], tables: { device: [{ label: 'A, "B"', ...scores(0.5) }] } } },
    },
    'report-ablation/recipe.2-busi.json': { split: 'folds', model: '/somewhere/ablation', ...scores(0.25) },
    'report-robustness/busi/metrics.json': { splits: {}, robustness: { unchanged: { lesion_dice: 0.75 }, blur: [{ strength: 1.5, lesion_dice: 0.5 }] } },
    'ready/fold3/settings.json': { out: '/somewhere/x', temperature: 0.9, type_before_temperature: { ece: 0.03 }, knows_outliers: false },
    'foreign.csv': 'fold,kind,flagged,images\n3,mri,80,83\n',
};

test('results are written as tables', async (context) => {
    const out = await temporaryFolder(context);
    await write(out, RESULTS);
    const folder = path.join(out, 'tables');
    await writeTables(out, folder);
    /** @type {Record<string, string>} */
    const expected = {
        'training.csv': 'run,fold,epoch,loss,accuracy\ncoarse/sets/busi,,1,0.75,\nfolds,3,1,0.5,\nfolds,3,2,0.25,\n',
        'scores.csv': [
            'run,set,group_by,group,images,lesion_dice,lesion_dice_interval_low,lesion_dice_interval_high',
            'folds,busi,all,all,3,0.75,0.65,',
            'folds,busi,device,"A, ""B""",3,0.5,0.4,',
            'ablation/recipe.2,busi,all,all,3,0.25,0.15,\n',
        ].join('\n'),
        'robustness.csv': 'set,change,strength,lesion_dice\nbusi,unchanged,,0.75\nbusi,blur,1.5,0.5\n',
        'settings.csv': 'fold,temperature,type_before_temperature_ece,knows_outliers\n3,0.9,0.03,false\n',
        'out_of_distribution.csv': 'fold,kind,flagged,images\n3,mri,80,83\n',
    };
    assert.deepEqual((await readdir(folder)).sort(), Object.keys(expected).sort());
    for (const [name, text] of Object.entries(expected)) assert.equal(await readFile(path.join(folder, name), 'utf8'), text);
});

test('the error names a missing step, and no table is written', async (context) => {
    const out = await temporaryFolder(context);
    const { 'foreign.csv': _foreign, ...others } = RESULTS;
    await write(out, others);
    const folder = path.join(out, 'tables');
    await assert.rejects(writeTables(out, folder), /out_of_distribution\.csv/);
    await assert.rejects(readdir(folder), { code: 'ENOENT' });
});
