/** The native command line: the whole path from phantoms to a report, bad input, and the files of the user. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { BUILD } from './support/project.js';

const PROGRAM = path.join(BUILD, 'sonomask');
const TRAINING = ['--net', 'unet16', '--size', '64', '--batch', '4', '--epochs', '2', '--seed', '7', '--threads', '2', '--save-seconds', '0'];

/** @type {string} */
let folder;
/** @type {string} */
let phantoms;

/** @param {string[]} args */
function run(...args) {
    const result = spawnSync(PROGRAM, args, { encoding: 'utf8', timeout: 120000 });
    return { status: result.status, out: result.stdout, err: result.stderr };
}

/** @param {string} name */
const inFolder = (name) => path.join(folder, name);

/**
 * An image of one grey value.
 * @param {number} width a multiple of 4: rows of a BMP file end at such a byte
 * @param {number} height
 * @param {number} grey
 */
function bmp(width, height, grey) {
    const header = 54, bytes = Buffer.alloc(header + 3 * width * height, grey).fill(0, 0, header);
    bytes.write('BM');
    for (const [place, value] of [[2, bytes.length], [10, header], [14, 40], [18, width], [22, height], [34, bytes.length - header]])
        bytes.writeUInt32LE(value ?? 0, place ?? 0);
    bytes.writeUInt16LE(1, 26);
    bytes.writeUInt16LE(24, 28);
    return bytes;
}

before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sonomask-native-'));
    phantoms = inFolder('phantoms');
    const made = run('phantom', '--out', phantoms, '--count', '30', '--seed', '3', '--width', '120', '--height', '90');
    assert.equal(made.status, 0, made.err);
});

after(() => rmSync(folder, { recursive: true, force: true }));

test('help and wrong usage', () => {
    assert.equal(run('--help').status, 0);
    assert.match(run('--version').out, /^sonomask \d+\.\d+\.\d+\n$/);
    assert.equal(run().status, 2);
    assert.equal(run('transmogrify').status, 2);
    for (const command of ['predict', 'dataset', 'train', 'evaluate', 'calibrate', 'bench', 'export', 'phantom', 'info']) {
        const help = run(command, '--help');
        assert.equal(help.status, 0, command);
        assert.match(help.out, new RegExp(`^usage: sonomask ${command}`));
        const wrong = run(command, '--no-such-option');
        assert.equal(wrong.status, 2, command);
        assert.match(wrong.err, new RegExp(`^sonomask: ${command}: .*--no-such-option.*\nusage: sonomask ${command} `));
        assert.match(wrong.err, new RegExp(`\ntry: sonomask ${command} --help\n$`));
        assert.ok(wrong.err.split('\n').length <= 6, 'what is wrong stays in sight');
    }
    assert.equal(run('train', '--data', phantoms, '--out', inFolder('x'), '--epochs', 'many').status, 2);
    assert.equal(run('train', '--out', inFolder('x')).status, 2);
    assert.equal(run('info', '--net', 'vgg').status, 2);
});

test('info prints the parameter and operation counts of the reference networks', () => {
    assert.match(run('info', '--net', 'unet16').out, /2,160,900 parameters, 4\.087 GMAC at 256x256/);
    assert.match(run('info', '--net', 'unet32').out, /8,634,884 parameters, 16\.328 GMAC at 256x256/);
    const json = JSON.parse(run('info', '--net', 'unet16', '--size', '128', '--json').out);
    assert.equal(json.parameters, 2160900);
    assert.equal(json.layers[0].output[0], 128);
    const drawing = inFolder('network.svg');
    assert.equal(run('info', '--net', 'sonomask', '--svg', drawing).status, 0);
    assert.match(readFileSync(drawing, 'utf8'), /^<svg .*<\/svg>\s*$/s);
});

test('every network that the help lists exists', () => {
    const [, list = ''] = run('info', '--help').out.match(/--net NAME\s+network: ([^(]*)\(/) ?? [];
    const names = list.trim().split(/,\s+|\s+or\s+/);
    assert.ok(names.includes('sonomask2') && names.includes('unet32'), list);
    for (const name of names) assert.equal(run('info', '--net', name).status, 0, name);
    for (const name of names) assert.match(run('info', '--net', 'vgg').err, new RegExp(`[ (]${name}[,)]`));
});

test('bench measures', () => {
    const json = JSON.parse(run('bench', '--net', 'unet16', '--size', '64', '--seconds', '0.1', '--json').out);
    assert.ok(json.milliseconds > 0 && json.gflops > 0 && json.peak_gflops > 0);
    assert.ok(json.layers.some((/** @type {{name: string}} */ layer) => layer.name === 'decoder0.conv2'));
    const training = run('bench', '--net', 'sonomask', '--size', '64', '--train', '--batch', '2', '--seconds', '0.1');
    assert.equal(training.status, 0);
    assert.match(training.out, /images\/s/);
    assert.equal(run('bench', '--net', 'sonomask', '--size', '100').status, 2);
});

test('bench measures steps on the shards of a batch', () => {
    const words = ['bench', '--net', 'unet16', '--size', '32', '--train', '--batch', '4', '--shards', '2', '--seconds', '0.01'];
    const cost = JSON.parse(run(...words, '--json').out);
    assert.deepEqual([cost.mode, cost.ranks, cost.shards, cost.own_shards, cost.batch], ['shards', 1, 2, 2, 4]);
    assert.ok(cost.computing_ms > 0 && cost.adding_ms > 0 && cost.optimiser_ms > 0 && cost.bytes > 8e6);
    assert.match(run(...words).out, /1 rank of 1 thread: [\d.]+ ms per step/);
    assert.match(run('bench', '--shards', '2').err, /--shards needs --train/);
    assert.match(run(...words, '--batch', '5').err, /2 shards do not divide a batch of 5 images/);
});

test('bench measures the stages from image bytes to the answer', () => {
    const json = JSON.parse(run('bench', '--stages', '--seconds', '0.05', '--json').out);
    assert.ok(json.width === 600 && json.height === 450 && json.runs >= 5);
    assert.ok(json.load_ms > 0 && json.first_ms > 0 && json.milliseconds > 0 && json.writing_ms > 0);
    const times = new Map(json.stages.map((/** @type {{name: string, milliseconds: number}} */ stage) =>
        [stage.name, stage.milliseconds]));
    for (const name of ['decode', 'letterbox', 'network', 'enlarge probability map', 'label, measure'])
        assert.ok(times.get(name) > 0, name);
    assert.match(run('bench', '--stages', '--seconds', '0.01').out, /load the weights[^]*network +[\d.]+/);
    assert.match(run('bench', '--image', 'x.png').err, /need --stages/);
});

test('bench measures the cost of loading and augmentation', () => {
    const json = JSON.parse(run('bench', '--net', 'unet16', '--size', '32', '--train', '--loading', '--batch', '1',
        '--seconds', '0.01', '--json').out);
    assert.ok(json.loaded_ms > 0 && json.ready_ms > 0 && json.decoding_ms > 0 && json.pairs >= 3);
    assert.ok(json.outside_share < 1 && json.waiting_share >= 0 && json.waiting_share <= 1);
    assert.match(run('bench', '--loading').err, /--loading needs --train/);
});

test('from phantoms to weights, masks and a report', () => {
    const out = inFolder('round');
    const trained = run('train', '--data', phantoms, '--out', out, '--fold', '0', ...TRAINING);
    assert.equal(trained.status, 0, trained.err);
    for (const name of ['weights.safetensors', 'log.csv', 'curves.svg', 'checkpoint.bin', 'panels/epoch_002.png'])
        assert.ok(existsSync(path.join(out, name)), name);
    const model = path.join(out, 'weights.safetensors');
    assert.match(run('info', '--model', model).out, /trained on phantoms, all folds but 0/);

    const report = inFolder('report');
    const evaluated = run('evaluate', '--data', phantoms, '--model', model, '--fold', '0', '--out', report);
    assert.equal(evaluated.status, 0, evaluated.err);
    for (const line of evaluated.out.trim().split('\n')) JSON.parse(line);
    JSON.parse(readFileSync(path.join(report, 'metrics.json'), 'utf8'));
    assert.match(readFileSync(path.join(report, 'report.html'), 'utf8'), /<svg/);

    const images = readdirSync(path.join(phantoms, 'images')).map((name) => path.join(phantoms, 'images', name));
    const masks = inFolder('masks');
    const predicted = run('predict', '--model', model, '--out', masks, ...images);
    assert.equal(predicted.status, 0, predicted.err);
    assert.equal(predicted.out.trim().split('\n').length, images.length);
});

test('a folder in the published layout trains without a manifest, with a warning', () => {
    const data = inFolder('published');
    const rows = readFileSync(path.join(phantoms, 'manifest.csv'), 'utf8').trim().split('\n').slice(1);
    /** @type {Record<string, number>} */
    const count = {};
    for (const row of rows) {
        const [image = '', mask = '', type = ''] = row.split(',');
        const number = (count[type] = (count[type] ?? 0) + 1);
        mkdirSync(path.join(data, type), { recursive: true });
        cpSync(path.join(phantoms, image), path.join(data, type, `${type} (${number}).png`));
        cpSync(path.join(phantoms, mask), path.join(data, type, `${type} (${number})_mask.png`));
    }
    // A second lesion's mask belongs to the same image.
    cpSync(path.join(data, 'benign', 'benign (2)_mask.png'), path.join(data, 'benign', 'benign (1)_mask_1.png'));
    const trained = run('train', '--data', data, '--out', inFolder('from-published'), '--fold', '1', ...TRAINING);
    assert.equal(trained.status, 0, trained.err);
    assert.match(trained.err, /near-duplicate images may leak/);
    assert.match(trained.err, /to train on/);

    rmSync(path.join(data, 'malignant', 'malignant (1)_mask.png'));
    const incomplete = run('train', '--data', data, '--out', inFolder('incomplete'), ...TRAINING);
    assert.equal(incomplete.status, 1);
    assert.match(incomplete.err, /left out: .*malignant \(1\)\.png: a malignant image without a mask/);
});

/**
 * Trains on the phantoms with their manifest's rows changed; returns the columns of the last row of log.csv.
 * @param {string} name
 * @param {(image: string, mask: string, type: string) => [string, string] | null} label gives masks and class; null: no row
 */
function trainOnRows(name, label) {
    const rows = readFileSync(path.join(phantoms, 'manifest.csv'), 'utf8').trim().split('\n').slice(1).flatMap((row, index) => {
        const [image = '', mask = '', type = ''] = row.split(',');
        const labels = label(image, mask, type);
        return labels ? [`${path.join(phantoms, image)},${labels.join(',')},${index},${index % 3}`] : [];
    });
    const data = inFolder(`${name}-set`);
    mkdirSync(data);
    writeFileSync(path.join(data, 'manifest.csv'), ['image,masks,class,group,fold', ...rows, ''].join('\n'));
    const out = inFolder(`${name}-out`);
    // Augmentation would turn some images into normal ones, whose type is known.
    const trained = run('train', '--data', data, '--out', out, '--fold', '0', ...TRAINING, '--net', 'sonomask2',
        '--augmentation', 'none');
    assert.equal(trained.status, 0, trained.err);
    assert.doesNotMatch(trained.err, /\bnan\b/, 'a score that no image allows is left out');
    assert.match(run('info', '--model', path.join(out, 'weights.safetensors')).out, /sonomask2/);
    const [header = '', , last = ''] = readFileSync(path.join(out, 'log.csv'), 'utf8').trim().split('\n');
    const values = last.split(',');
    return Object.fromEntries(header.split(',').map((column, index) => [column, values[index] ?? '']));
}

test('sets that are labelled in part are trained on, and scored where they can be', () => {
    const inPhantoms = (/** @type {string} */ mask) => path.join(phantoms, mask);
    const lesions = trainOnRows('lesions', (_, mask, type) => (type === 'normal' ? null : [inPhantoms(mask), 'lesion']));
    assert.ok(Number(lesions['type_loss']) > 0, 'a lesion is not normal');
    assert.equal(lesions['training_accuracy'], '');
    assert.equal(lesions['validation_accuracy'], '');
    assert.notEqual(lesions['validation_lesion_dice'], '');

    const masks = trainOnRows('masks', (_, mask) => [inPhantoms(mask), '']);
    assert.equal(Number(masks['type_loss']), 0);
    assert.equal(masks['validation_accuracy'], '');
    assert.ok(Number(masks['mask_loss']) > 0);

    const types = trainOnRows('types', (_, __, type) => ['', type === 'normal' ? 'benign' : type]);
    assert.equal(Number(types['mask_loss']), 0);
    assert.equal(types['training_lesion_dice'], '');
    assert.equal(types['validation_lesion_dice'], '');
    assert.equal(types['validation_false_masks'], '');
    assert.notEqual(types['validation_accuracy'], '');
});

test('a row with neither mask nor class is named and left out', () => {
    const data = inFolder('nothing');
    cpSync(phantoms, data, { recursive: true });
    const manifest = path.join(data, 'manifest.csv');
    const lines = readFileSync(manifest, 'utf8').split('\n');
    const cells = /** @type {string} */ (lines[1]).split(',');
    lines[1] = [cells[0], '', '', ...cells.slice(3)].join(',');
    writeFileSync(manifest, lines.join('\n'));
    const trained = run('train', '--data', data, '--out', inFolder('nothing-out'), ...TRAINING, '--epochs', '1');
    assert.equal(trained.status, 1);
    assert.equal(trained.err.match(/manifest\.csv: line 2: .*neither a class nor a mask/g)?.length, 2, trained.err);
});

/**
 * Starts a training and sends it a signal after some time.
 * @param {string} out
 * @param {NodeJS.Signals} signal
 * @param {number} milliseconds
 * @param {string[]} more
 * @returns {Promise<number | null>} its exit status
 */
function interrupt(out, signal, milliseconds, ...more) {
    return new Promise((resolve) => {
        const args = ['train', '--data', phantoms, '--out', out, '--fold', '0', ...TRAINING, ...more];
        const child = spawn(PROGRAM, args, { stdio: 'ignore' });
        const timer = setTimeout(() => child.kill(signal), milliseconds);
        child.on('exit', (status) => {
            clearTimeout(timer);
            resolve(status);
        });
    });
}

test('Ctrl-C or a kill, then --resume, gives the weights of an uninterrupted training', async () => {
    const out = inFolder('interrupted');
    for (const [attempt, signal] of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGKILL', 'SIGINT']).entries())
        await interrupt(out, signal, 250 + 350 * attempt, '--resume');
    assert.equal(await interrupt(out, 'SIGKILL', 120000, '--resume'), 0);
    const expected = readFileSync(path.join(inFolder('round'), 'weights.safetensors'));
    assert.ok(readFileSync(path.join(out, 'weights.safetensors')).equals(expected));
});

test('--resume without a checkpoint does not replace the weights of an earlier training', () => {
    const out = inFolder('no-checkpoint');
    const weights = path.join(out, 'weights.safetensors');
    mkdirSync(out);
    cpSync(path.join(inFolder('round'), 'weights.safetensors'), weights);
    const earlier = readFileSync(weights);
    const refused = run('train', '--data', phantoms, '--out', out, '--fold', '0', ...TRAINING, '--resume');
    assert.equal(refused.status, 2);
    assert.match(refused.err, /weights\.safetensors exists and there is no checkpoint\.bin to resume from/);
    assert.ok(readFileSync(weights).equals(earlier));
    assert.deepEqual(readdirSync(out), ['weights.safetensors']);
});

test('errors in the data name the file and the line', () => {
    const data = inFolder('bad');
    cpSync(phantoms, data, { recursive: true });
    const manifest = path.join(data, 'manifest.csv');
    const good = readFileSync(manifest, 'utf8');
    const lines = good.split('\n');
    const first = /** @type {string} */ (lines[1]).split(',');
    /**
     * @param {number} column
     * @param {string} value
     */
    const withCell = (column, value) => {
        const out = inFolder(`bad-${column}`);
        const cells = [...first];
        cells[column] = value;
        writeFileSync(manifest, [lines[0], cells.join(','), ...lines.slice(2)].join('\n'));
        const result = run('train', '--data', data, '--out', out, ...TRAINING, '--epochs', '1');
        assert.equal(result.status, 1);
        return { err: result.err, trained: existsSync(path.join(out, 'weights.safetensors')), left: existsSync(out) };
    };
    // One bad row does not stop the others; it is named at the start and again at the end.
    for (const [column, value, reason] of /** @type {[number, string, RegExp][]} */ ([
        [0, 'images/none.png', /manifest\.csv: line 2: .*none\.png: No such file/g],
        [1, 'masks/none.png', /manifest\.csv: line 2: .*none\.png: No such file/g],
        [2, 'purple', /manifest\.csv: line 2: unknown class "purple"/g],
    ])) {
        const { err, trained } = withCell(column, value);
        assert.equal(err.match(reason)?.length, 2, err);
        assert.match(err, /1 of 30 training images could not be used:\n {2}\S.*\nsonomask: the training is done, but 1/);
        assert.ok(trained);
    }
    // A fault of the whole list stops the command before anything is written.
    const doubtful = withCell(4, 'five');
    assert.match(doubtful.err, /^sonomask: .*manifest\.csv: line 2: .*"five".*\n$/);
    assert.ok(!doubtful.left);
    writeFileSync(manifest, '');
    assert.equal(run('train', '--data', data, '--out', inFolder('bad-out'), ...TRAINING).status, 1);
    assert.match(run('train', '--data', inFolder('nowhere'), '--out', inFolder('bad-out')).err, /nowhere/);
    writeFileSync(inFolder('file'), 'not a folder');
    const unwritable = run('train', '--data', phantoms, '--out', inFolder('file/out'), ...TRAINING);
    assert.equal(unwritable.status, 1);
    assert.match(unwritable.err, /file/);
});

test('an unreadable image is named and left out, and training continues', () => {
    const data = inFolder('partly');
    cpSync(phantoms, data, { recursive: true });
    writeFileSync(path.join(data, 'images', 'phantom_0004.png'), 'text');
    const trained = run('train', '--data', data, '--out', inFolder('partly-out'), ...TRAINING);
    assert.equal(trained.status, 1, 'as with any batch of which a part failed');
    assert.match(trained.err, /left out: .*phantom_0004\.png/);
    assert.match(trained.err, /the training is done, but 1 image was left out/);
    assert.ok(existsSync(inFolder('partly-out/weights.safetensors')));
    // Without a fold to validate on, the panels show training images.
    assert.deepEqual(readdirSync(inFolder('partly-out/panels')), ['epoch_001.png', 'epoch_002.png']);

    const calibrated = run('calibrate', '--model', inFolder('partly-out/weights.safetensors'), '--data', data,
        '--fit', 'temperature', '--out', inFolder('partly.safetensors'));
    assert.equal(calibrated.status, 1);
    assert.equal(JSON.parse(calibrated.out).failed_images, 1);
    assert.match(calibrated.err, /1 of 30 images could not be used:\n {2}.*phantom_0004\.png: .*\nsonomask: .*partly\.safetensors is written/);
});

test('fine-tuned weights name both their start and the new data; a start that is kept stays what it was', () => {
    const base = inFolder('tune-base'), out = inFolder('tune-out'), again = inFolder('tune-again');
    const short = ['--size', '32', '--epochs', '1', '--threads', '1'];
    const first = run('train', '--data', phantoms, '--out', base, '--leave-out', '0', ...TRAINING, ...short);
    assert.equal(first.status, 0, first.err);
    // As if it had been trained some years ago: the date in the header has the same length.
    const start = path.join(base, 'weights.safetensors');
    const bytes = readFileSync(start, 'latin1');
    writeFileSync(start, bytes.replace(/"date":"[^"]*"/, '"date":"2020-02-29"'), 'latin1');
    /** @param {string} file */
    const about = (file) => {
        const { status, out: line, err } = run('info', '--json', '--model', file);
        assert.equal(status, 0, err);
        const { training_data: data, training_data_hash: hash, date } = JSON.parse(line);
        return { data, hash, date };
    };
    /** @param {string} file */
    const recipe = (file) => /"recipe":"([^"]*)"/.exec(readFileSync(file, 'latin1'))?.[1];
    /** @param {string} from @param {string} to */
    const tune = (from, to) => run('train', '--data', phantoms, '--from', from, '--out', to, ...TRAINING, ...short, '--learning-rate', '1e-8');
    const given = about(start);
    assert.match(given.data, /^phantoms, all folds but 0, \d+ images$/);
    assert.equal(given.date, '2020-02-29');

    const tuned = tune(start, out);
    assert.equal(tuned.status, 0, tuned.err);
    assert.match(tuned.err, /no epoch is better beyond chance than the weights to start from, on \d+ images of \d+ groups \(patients\)/);
    const last = path.join(out, 'weights.safetensors'), best = path.join(out, 'best.safetensors');
    assert.deepEqual(about(best), given, 'the weights to start from');
    assert.equal(recipe(best), recipe(start));
    const changed = about(last);
    assert.match(changed.data, new RegExp(`^${given.data}; fine-tuned on phantoms, \\d+ images$`));
    assert.match(changed.hash, /^[0-9a-f]{16}$/);
    assert.notEqual(changed.hash, given.hash);
    assert.notEqual(changed.date, given.date);
    const own = JSON.parse(readFileSync(path.join(out, 'run.json'), 'utf8'));
    assert.ok(!JSON.stringify(own).includes(changed.hash), 'the record of the run holds the hash of the new data alone');
    assert.match(run('info', '--model', last).out, new RegExp(`^trained on ${changed.data} \\(${changed.hash}\\), `, 'm'));

    const twice = tune(last, again);
    assert.equal(twice.status, 0, twice.err);
    assert.match(about(path.join(again, 'weights.safetensors')).data, new RegExp(`^${changed.data}; fine-tuned on phantoms, \\d+ images$`));
});

test('a training that cannot start prints the reason and leaves no folder', () => {
    const data = inFolder('unreadable');
    cpSync(phantoms, data, { recursive: true });
    for (const name of readdirSync(path.join(data, 'images'))) writeFileSync(path.join(data, 'images', name), 'text');
    const out = inFolder('unreadable-out');
    const hopeless = run('train', '--data', data, '--out', out, ...TRAINING);
    assert.equal(hopeless.status, 1);
    assert.match(hopeless.err, /no image is left to train on/);
    assert.ok(!existsSync(out));

    const other = run('train', '--data', phantoms, '--out', inFolder('round'), '--fold', '0', ...TRAINING,
        '--seed', '8', '--balance', '1', '--resume');
    assert.equal(other.status, 1);
    assert.match(other.err, /cannot resume: the checkpoint was made with seed=7 balance=0\.5, now it is seed=8 balance=1\n$/);
});

test('a training on few or odd images starts with a warning, or is refused with the reason', () => {
    const [header = '', ...rows] = readFileSync(path.join(phantoms, 'manifest.csv'), 'utf8').trim().split('\n');
    const columns = header.split(',');
    const all = rows.map((row) => Object.fromEntries(row.split(',').map((value, index) => [columns[index], value])));
    const empty = inFolder('empty.bmp');
    writeFileSync(empty, bmp(120, 90, 0));
    writeFileSync(inFolder('strip.bmp'), bmp(5000, 20, 255));
    writeFileSync(inFolder('dot.bmp'), bmp(20, 20, 255));
    /**
     * @param {Record<string, string>[]} images
     * @param {string[]} options
     */
    const train = (images, ...options) => {
        const lines = images.map((row) => [path.resolve(phantoms, row['image'] ?? ''), path.resolve(phantoms, row['masks'] ?? ''),
            row['class'], row['group'], row['fold']].join(','));
        writeFileSync(inFolder('odd.csv'), ['image,masks,class,group,fold', ...lines].join('\n'));
        return run('train', '--data', inFolder('odd.csv'), '--out', inFolder('odd'), '--overwrite', ...TRAINING, '--size', '32',
            '--epochs', '1', ...options);
    };
    assert.match(train(all.slice(0, 3)).err, /3 training images are too few for batches of 4 \(--batch\)\n$/);
    assert.match(train(all.slice(0, 3).map((row) => ({ ...row, group: 'a' })), '--batch', '2', '--inner', '0.2').err,
        /the 3 training images are of one group: none can be held out .*\(--inner 0 trains without\)\n$/);
    assert.match(train(all.slice(0, 3), '--batch', '3', '--inner', '0.2').err, /2 training images, beside 1 held out .*, are too few for batches of 3/);
    // Two patients, each with too many images for a share: the one with fewer is held out.
    const patients = train(all.slice(0, 12).map((row, index) => ({ ...row, group: index < 7 ? 'a' : 'b' })), '--inner', '0.2');
    assert.match(patients.err, /^7 images to train on, 0 to validate on, 5 to choose the best epoch/m);
    assert.match(train(all, '--fold', '2', '--leave-out', '2').err, /--fold and --leave-out name the same fold/);
    assert.match(train(all, '--folds', '2', '--leave-out', '1').err, /--leave-out names one of the --folds/);
    assert.match(train(all, '--fold', '9').err, /no image is in fold 9\n$/);
    assert.match(train(all, '--folds', '9').err, /no image is in fold \d\n$/);
    const sick = all.filter((row) => row['class'] === 'benign').slice(0, 4);
    const one = train(sick);
    assert.equal(one.status, 0, one.err);
    assert.match(one.err, /all images have the same class/);
    const split = train(all.slice(0, 12).map((row, index) => ({ ...row, masks: empty, group: `${index >> 1}`, fold: `${index % 2}` })), '--fold', '0');
    assert.match(split.err, /group "[^"]*:0" is in folds 0 and 1: .*dataset/);
    assert.match(split.err, /every mask is empty/);
    const sizes = train([...sick.slice(0, 2), { image: inFolder('strip.bmp'), masks: inFolder('strip.bmp'), class: 'benign', group: 'a', fold: '0' },
        { image: inFolder('dot.bmp'), masks: inFolder('dot.bmp'), class: 'malignant', group: 'b', fold: '0' }]);
    assert.equal(sizes.status, 0, sizes.err);
});

test('control characters in a file name do not reach the terminal', () => {
    const names = ['two\nlines.png', 'red\x1b[31m.png'];
    for (const name of names) cpSync(path.join(phantoms, 'images', 'phantom_0001.png'), inFolder(name));
    const bad = ['no\nthing.png', 'no\x1b[1m.png'];
    const predicted = run('predict', '--out', inFolder('names'), ...[...names, ...bad].map(inFolder));
    assert.equal(predicted.status, 1);
    assert.deepEqual(predicted.out.trim().split('\n').map((line) => path.basename(JSON.parse(line).file)), names);
    assert.ok(!predicted.err.includes('\x1b'));
    assert.match(predicted.err, /2 of 4 files failed:\n {2}.*no\?thing\.png\n {2}.*no\?\[1m\.png\n$/);
    for (const line of predicted.err.trim().split('\n')) assert.match(line, /^sonomask: |^ {2}\//);
});

test('wrong usage gives status 2 in every command, and leaves no file', () => {
    const out = inFolder('misused');
    const image = path.join(phantoms, 'images', 'phantom_0001.png');
    for (const wrong of [
        ['train', '--data', phantoms, '--out', out, '--net', 'resnet'],
        ['train', '--data', phantoms, '--out', out, '--augmentation', 'wild'],
        ['train', '--data', phantoms, '--out', out, '--size', '50'],
        ['train', '--data', phantoms, '--out', out, '--epochs', '-1'],
        ['train', '--data', phantoms, '--out'],
        ['evaluate', '--data', phantoms, '--out', out, '--fold', '-1'],
        ['predict', '--out', out, '--threshold', '3', image],
        ['export', '--net', 'resnet', '--onnx', out],
        ['export', '--net', 'unet16', '--size', '33', '--onnx', out],
        ['info', '--net', 'resnet'],
        ['phantom', '--out', out, '--count', '-3'],
        ['bench', '--net', 'resnet'],
        ['bench', '--threads', '0'],
    ]) assert.equal(run(...wrong).status, 2, wrong.join(' '));
    const nowhere = run('train', '--data', phantoms, '--out', out, '--fold', '77');
    assert.equal(nowhere.status, 1);
    assert.match(nowhere.err, /no image is in fold 77/);
    assert.ok(!existsSync(out));
});

test('no command replaces a file that sonomask did not write, unless --overwrite', () => {
    const home = inFolder('user');
    mkdirSync(path.join(home, 'masks'), { recursive: true });
    const small = ['--count', '2', '--width', '64', '--height', '48'];
    const image = path.join(phantoms, 'images', 'phantom_0001.png');
    /** @type {[string, string[], boolean][]} the file, the command, whether it is quick enough to run to its end */
    const cases = [
        ['phantom_0001_mask.png', ['predict', '--out', home, image], true],
        ['phantom_0001_overlay.png', ['predict', '--overlay', '--out', home, image], true],
        ['manifest.csv', ['phantom', '--out', home, ...small], true],
        ['masks/phantom_0002.png', ['phantom', '--out', home, ...small], true],
        ['network.onnx', ['export', '--net', 'unet16', '--onnx', path.join(home, 'network.onnx')], true],
        ['network.safetensors', ['export', '--net', 'unet16', '--weights', path.join(home, 'network.safetensors')], true],
        ['drawing.svg', ['info', '--svg', path.join(home, 'drawing.svg')], true],
        ['new.safetensors', ['calibrate', '--temperature', '1', '--out', path.join(home, 'new.safetensors')], true],
        ['report.html', ['evaluate', '--data', phantoms, '--out', home], false],
        ['metrics.json', ['evaluate', '--data', phantoms, '--out', home], false],
        ['images.csv', ['evaluate', '--data', phantoms, '--out', home], false],
        ['weights.safetensors', ['train', '--data', phantoms, '--out', home, '--resume'], false],
        ['log.csv', ['train', '--data', phantoms, '--out', home], false],
        ['curves.svg', ['train', '--data', phantoms, '--out', home], false],
        ['panels/epoch_001.png', ['train', '--data', phantoms, '--out', home], false],
    ];
    mkdirSync(path.join(home, 'panels'));
    for (const [name, command, quick] of cases) {
        const file = path.join(home, name);
        writeFileSync(file, 'of the user');
        const refused = run(...command);
        assert.equal(refused.status, 1, name);
        assert.match(refused.err, new RegExp(`^sonomask: .*${name}: exists and was not written by sonomask; --overwrite`));
        assert.equal(readFileSync(file, 'utf8'), 'of the user', name);
        if (quick) {
            // With --overwrite it is replaced, and then by the same command without it.
            for (const more of [['--overwrite'], []]) {
                const written = run(...command, ...more);
                assert.equal(written.status, 0, name + written.err);
                assert.notEqual(readFileSync(file, 'utf8'), 'of the user');
            }
        }
        rmSync(file);
    }
    assert.deepEqual(readdirSync(home).filter((name) => name.startsWith('.')), [], 'no temporary file is left');
});

test('files that are not weights of this program are refused, with their name', () => {
    const image = path.join(phantoms, 'images', 'phantom_0001.png');
    const good = readFileSync(path.join(inFolder('round'), 'weights.safetensors'));
    /** @type {[string, Buffer][]} */
    const cases = [
        ['truncated.safetensors', good.subarray(0, good.length / 2)],
        ['text.safetensors', Buffer.from('this is a text, not weights')],
        ['empty.safetensors', Buffer.alloc(0)],
        ['other.safetensors', Buffer.from(good.toString('latin1').replace('"unet16"', '"unet32"'), 'latin1')],
    ];
    for (const [name, bytes] of cases) {
        writeFileSync(inFolder(name), bytes);
        const result = run('predict', '--model', inFolder(name), '--out', inFolder('none'), image);
        assert.equal(result.status, 1, name);
        assert.match(result.err, new RegExp(name.replace('.', '\\.')));
        assert.ok(!existsSync(inFolder('none')), 'no empty folder is left behind');
    }
});
