/**
 * Collects what `reproduce.sh` produced into a few CSV tables beside this file: node weights/tables.js OUT [FOLDER].
 * FOLDER is where the tables go, by default `tables/` beside this file. They hold everything that the figures of the
 * model card are taken from. Every table starts with the columns that identify a row:
 *
 *   training.csv             run, fold, epoch: the training logs
 *   scores.csv               run, set, group_by, group: the scores of `evaluate`, of all images and of groups of them
 *   robustness.csv           set, change, strength: the scores on changed images
 *   settings.csv             fold: what `calibrate` fitted to each fold
 *   out_of_distribution.csv  fold, kind: how many images of other things were flagged
 *
 * An empty cell means that the value does not apply or could not be computed.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {string | number | null | undefined} Cell */
/** @typedef {Record<string, Cell>} Row */

/** @param {Cell} value */
function cell(value) {
    const text = String(value ?? '');
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A CSV text. The columns are those of all rows, in the order in which they first appear.
 * @param {Row[]} rows
 */
function csv(rows) {
    const columns = [...new Set(rows.flatMap(row => Object.keys(row)))];
    return `${[columns, ...rows.map(row => columns.map(column => row[column]))].map(cells => cells.map(cell).join(',')).join('\n')}\n`;
}

/**
 * The rows of a CSV file without quoted cells, which is what the training logs and `foreign.csv` are.
 * @param {string} file
 * @returns {Promise<Row[]>}
 */
async function readTable(file) {
    const [head = '', ...lines] = (await readFile(file, 'utf8')).trim().split('\n');
    const columns = head.split(',');
    return lines.map(line => {
        const values = line.split(',');
        if (values.length !== columns.length) throw new Error(`${file}: a line has ${values.length} cells instead of ${columns.length}`);
        return Object.fromEntries(columns.map((column, index) => [column, values[index]]));
    });
}

/** @param {string} file */
const readJson = async file => JSON.parse(await readFile(file, 'utf8'));

/**
 * The scalars of an object. A nested object's keys follow its own key, joined by `_`; an interval [low, high] becomes two
 * columns. Other arrays (curves, histograms, groups) do not fit a row and are left out.
 * @param {Record<string, unknown>} object
 * @param {string} prefix
 * @returns {Row}
 */
function scalars(object, prefix = '') {
    /** @type {Row} */
    const row = {};
    for (const [key, value] of Object.entries(object)) {
        const name = prefix + key;
        if (Array.isArray(value)) {
            if (key.endsWith('_interval')) [row[`${name}_low`], row[`${name}_high`]] = value;
        } else if (value !== null && typeof value === 'object') Object.assign(row, scalars(/** @type {Record<string, unknown>} */ (value), `${name}_`));
        else row[name] = typeof value === 'boolean' ? String(value) : /** @type {Cell} */ (value);
    }
    return row;
}

/**
 * @param {Record<string, unknown>} measured
 * @returns {Row} the scores that exist for all images and for every group alike
 */
const flatScores = measured => scalars(Object.fromEntries(Object.entries(measured).filter(([key, value]) =>
    key !== 'label' && key !== 'milliseconds_per_image' && (value === null || typeof value !== 'object' || key.endsWith('_interval')))));

/**
 * The folders and files in a folder, sorted; none when the folder does not exist.
 * @param {string} folder
 */
const entries = async folder => (existsSync(folder) ? (await readdir(folder)).sort() : []);

/** @param {string} out */
async function training(out) {
    /** @type {Row[]} */
    const rows = [];
    /** @param {string} folder */
    const visit = async folder => {
        const log = path.join(out, folder, 'log.csv');
        if (existsSync(log)) {
            const [, run, fold] = folder.match(/^(.*?)(?:\/fold(\d+))?$/) ?? [];
            rows.push(...(await readTable(log)).map(row => ({ run, fold, ...row })));
            return;
        }
        const found = await readdir(path.join(out, folder), { withFileTypes: true });
        for (const { name } of found.filter(entry => entry.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1))) await visit(path.posix.join(folder, name));
    };
    for (const folder of ['pretrain', 'coarse', 'folds', 'sets', 'ship', 'ablation']) if (existsSync(path.join(out, folder))) await visit(folder);
    return rows;
}

/** @param {string} out */
async function scores(out) {
    /** @type {Row[]} */
    const rows = [];
    // The robustness run scores the unchanged images as the run `folds` does.
    for (const run of ['folds', 'folds-without-flip', 'sets']) {
        for (const set of await entries(path.join(out, `report-${run}`))) {
            const { splits } = await readJson(path.join(out, `report-${run}`, set, 'metrics.json'));
            for (const split of Object.values(splits)) {
                rows.push({ run, set, group_by: 'all', group: 'all', ...flatScores(split) });
                for (const [table, groups] of Object.entries(split.tables))
                    rows.push(...groups.map((/** @type {{ label: string }} */ group) => ({ run, set, group_by: table, group: group.label, ...flatScores(group) })));
            }
        }
    }
    for (const file of await entries(path.join(out, 'report-ablation'))) {
        const [, row, set] = file.match(/^(.*)-(.*)\.json$/) ?? [];
        const { split: _split, model: _model, ...measured } = await readJson(path.join(out, 'report-ablation', file));
        rows.push({ run: `ablation/${row}`, set, group_by: 'all', group: 'all', ...flatScores(measured) });
    }
    return rows;
}

/** @param {string} out */
async function robustness(out) {
    /** @type {Row[]} */
    const rows = [];
    for (const set of await entries(path.join(out, 'report-robustness'))) {
        const { robustness: curves } = await readJson(path.join(out, 'report-robustness', set, 'metrics.json'));
        for (const [change, points] of Object.entries(curves))
            for (const point of Array.isArray(points) ? points : [points]) rows.push({ set, change, strength: '', ...scalars(point) });
    }
    return rows;
}

/** @param {string} out */
async function settings(out) {
    /** @type {Row[]} */
    const rows = [];
    for (const fold of await entries(path.join(out, 'ready'))) {
        const { out: _file, ...fitted } = await readJson(path.join(out, 'ready', fold, 'settings.json'));
        rows.push({ fold: fold.replace(/\D/g, ''), ...scalars(fitted) });
    }
    return rows;
}

/** @param {string} out */
async function outOfDistribution(out) {
    const file = path.join(out, 'foreign.csv');
    return existsSync(file) ? readTable(file) : [];
}

/**
 * @param {string} out what `reproduce.sh` produced
 * @param {string} folder where the tables go
 */
export async function writeTables(out, folder) {
    const tables = {
        training: await training(out),
        scores: await scores(out),
        robustness: await robustness(out),
        settings: await settings(out),
        out_of_distribution: await outOfDistribution(out),
    };
    for (const [name, rows] of Object.entries(tables)) if (rows.length === 0) throw new Error(`${out}: nothing for the table ${name}.csv; run the earlier steps first`);
    await mkdir(folder, { recursive: true });
    for (const [name, rows] of Object.entries(tables)) {
        const file = path.join(folder, `${name}.csv`);
        await writeFile(`${file}.partial`, csv(rows));
        await rename(`${file}.partial`, file);
    }
}

const own = fileURLToPath(import.meta.url);
if (process.argv[1] && path.resolve(process.argv[1]) === own) {
    const [out, folder = path.join(path.dirname(own), 'tables')] = process.argv.slice(2);
    if (!out) {
        console.error('usage: node weights/tables.js OUT [FOLDER]');
        process.exit(2);
    }
    try {
        await writeTables(out, folder);
    } catch (error) {
        console.error(`tables.js: ${error instanceof Error ? error.message : error}`);
        process.exit(1);
    }
}
