#!/usr/bin/env node
/** `npx sonomask predict`: the native command's `predict` in Node. */
import { access, constants, mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { checkReplaceable, writeOutput } from './cli-output.js';
import { readPrompts } from './cli-prompts.js';
import { messageOf } from './error.js';
import { Sonomask } from './sonomask.js';

/**
 * @typedef {import('./sonomask.js').Lesion} Lesion
 * @typedef {import('./sonomask.js').Prompts} Prompts
 * @typedef {import('./sonomask.js').RefineOptions} RefineOptions
 * @typedef {import('./sonomask.js').Segmentation} Segmentation
 */

const USAGE = `usage: sonomask predict [--threshold T] [--operating-point P] [--prompts FILE] [--weights FILE] [--overwrite] --out DIR FILE...

Outlines the lesions in each breast ultrasound image (PNG, JPEG or BMP), writes the mask to DIR/NAME_mask.png and
prints one line of JSON. An image that does not look like breast ultrasound is named on stderr. The mask of an earlier
run is replaced; any other existing file is kept, and the image counts as failed. Research only, not a medical device.

  --out DIR        folder for the masks, created if missing
  --threshold T    a pixel is lesion when its probability is at least this, 0 to 1 (default: the model's own)
  --operating-point P
                   share of the images with a lesion in which a lesion still counts: 0.80, 0.90 or 0.95 (default)
  --prompts FILE   clicks and boxes that correct the outlines: one line of JSON per image, in pixels of the image:
                   {"file": NAME, "clicks": [{"x": X, "y": Y, "inside": true}], "box": {"x", "y", "width", "height"}}
  --weights FILE   weights file (default: the package's own); --model is the same option
  --overwrite      replace existing files that sonomask did not write
  --help           this text
  --version        the version`;

const EXIT_DONE = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

class UsageError extends Error {}

/**
 * Writes a line to stderr, without the control characters that a file name may contain.
 * @param {string} line
 */
function print(line) {
    process.stderr.write(`${line.replace(/\p{Cc}/gu, '?')}\n`);
}

/** @param {string} line */
function complain(line) {
    print(`sonomask: ${line}`);
}

/**
 * @param {unknown} error
 * @returns {string} without the path, which the line names already
 */
function reasonOf(error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    switch (code) {
        case 'ENOENT': return 'no such file or folder';
        case 'EACCES': return 'permission denied';
        case 'EISDIR': return 'is a folder';
        case 'ENOTDIR': return 'a part of the path is not a folder';
        case 'EEXIST': return 'exists and is not a folder';
        case 'EROFS': return 'read-only file system';
        case 'ENAMETOOLONG': return 'file name too long';
        case 'ENOSPC': return 'no space left on the device';
        default: return messageOf(error);
    }
}

/**
 * Puts the name of the output file into the system's reasons, which would otherwise be read as those of the input.
 * @param {string} file
 * @param {Promise<void>} work
 */
async function naming(file, work) {
    try {
        await work;
    } catch (error) {
        const ofSystem = error instanceof Error && 'syscall' in error;
        throw ofSystem ? new Error(`${file}: ${reasonOf(error)}`, { cause: error }) : error;
    }
}

/** @param {number} value as the native command prints it */
const rounded = (value) => Number(value.toPrecision(6));

/**
 * @param {Lesion} lesion
 * @param {boolean} hasDecision
 */
function lesionReport(lesion, hasDecision) {
    return {
        area_px: lesion.area,
        bbox: [lesion.bbox.x, lesion.bbox.y, lesion.bbox.width, lesion.bbox.height],
        centroid: [rounded(lesion.centroid.x), rounded(lesion.centroid.y)],
        long_axis_px: rounded(lesion.longAxis),
        short_axis_px: rounded(lesion.shortAxis),
        mean_probability: rounded(lesion.meanProbability),
        expected_dice: rounded(lesion.expectedDice),
        presence: rounded(lesion.presence),
        // 0: presence was fitted without a margin. null promises nothing.
        margin_px: hasDecision && lesion.margin > 0 ? rounded(lesion.margin) : null,
    };
}

/**
 * @param {string} file
 * @param {Segmentation} result
 * @returns {string} one line of JSON
 */
function report(file, result) {
    const { normal, benign, malignant } = result.probabilities;
    const { operatingPoint: point } = result;
    const lesionOf = (/** @type {Lesion} */ lesion) => lesionReport(lesion, point !== null);
    return JSON.stringify({
        file,
        width: result.width,
        height: result.height,
        type: result.type,
        probabilities: { normal: rounded(normal), benign: rounded(benign), malignant: rounded(malignant) },
        presence: rounded(result.presence),
        operating_point: point && {
            kept: rounded(point.kept), presence: rounded(point.presence), missed_bound: rounded(point.missedBound),
        },
        lesions: result.lesions.map(lesionOf),
        possible_lesions: result.possible.map(lesionOf),
        expected_dice: rounded(result.expectedDice),
        outlier_score: rounded(result.outlierScore),
        looks_like_ultrasound: result.looksLikeUltrasound,
        refined: result.refined,
        milliseconds: rounded(result.milliseconds),
    });
}

/**
 * @param {string | undefined} text
 * @param {string} name of the option
 * @returns {number | undefined}
 */
function shareOption(text, name) {
    if (text === undefined) return undefined;
    const value = text.trim() === '' ? NaN : Number(text);
    if (!(value >= 0 && value <= 1)) throw new UsageError(`--${name} must be a number from 0 to 1, not "${text}"`);
    return value;
}

/**
 * @param {string | undefined} text
 * @returns {RefineOptions['operatingPoint']}
 */
function operatingPointOption(text) {
    const value = shareOption(text, 'operating-point');
    if (value === undefined || value === 0.8 || value === 0.9 || value === 0.95) return value;
    throw new UsageError(`--operating-point must be 0.80, 0.90 or 0.95, not "${text}"`);
}

/** @param {string[]} argv */
function parse(argv) {
    let parsed;
    try {
        parsed = parseArgs({
            args: argv,
            allowPositionals: true,
            options: {
                out: { type: 'string' },
                threshold: { type: 'string' },
                'operating-point': { type: 'string' },
                prompts: { type: 'string' },
                weights: { type: 'string' },
                model: { type: 'string' },
                overwrite: { type: 'boolean' },
                help: { type: 'boolean' },
                version: { type: 'boolean' },
            },
        });
    } catch (error) {
        throw new UsageError(messageOf(error), { cause: error });
    }
    const { values, positionals } = parsed;
    if (values.help || values.version) return { ...values, files: [], settings: {} };
    const [command, ...files] = positionals;
    if (command === undefined) throw new UsageError('a command is missing');
    if (command !== 'predict') throw new UsageError(`no command "${command}" (there is predict)`);
    if (!values.out) throw new UsageError('--out DIR is missing');
    if (files.length === 0) throw new UsageError('no image file is named');
    /** @type {RefineOptions} */
    const settings = {};
    const threshold = shareOption(values.threshold, 'threshold');
    if (threshold !== undefined) settings.threshold = threshold;
    const operatingPoint = operatingPointOption(values['operating-point']);
    if (operatingPoint !== undefined) settings.operatingPoint = operatingPoint;
    return { ...values, weights: values.weights ?? values.model, files, settings };
}

/**
 * Without mkdir's `recursive`, which never ends in a parent that refuses new folders, such as /proc.
 * @param {string} folder
 * @returns {Promise<void>}
 */
async function makeFolder(folder) {
    try {
        await mkdir(folder);
    } catch (error) {
        const code = error instanceof Error ? Reflect.get(error, 'code') : undefined;
        if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return;
        if (code !== 'ENOENT' || path.dirname(folder) === folder) throw error;
        await makeFolder(path.dirname(folder));
        await mkdir(folder);
    }
}

/**
 * @param {string} folder
 * @returns {Promise<void>}
 */
async function makeWritable(folder) {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
}

/**
 * @param {Sonomask} sonomask
 * @param {string} file
 * @param {Prompts | undefined} prompts
 * @param {RefineOptions} settings
 * @returns {Promise<Segmentation>}
 */
async function answer(sonomask, file, prompts, settings) {
    const bytes = await readFile(file);
    if (!prompts || (prompts.clicks?.length === 0 && !prompts.box)) return sonomask.segment(bytes, settings);
    const started = performance.now();
    const image = await sonomask.open(bytes);
    try {
        const result = await image.refine(prompts, settings);
        return { ...result, milliseconds: performance.now() - started };
    } finally {
        image.close();
    }
}

/**
 * @param {string[]} files
 * @param {string} folder
 * @param {Sonomask} sonomask
 * @param {{ settings: RefineOptions, prompts: Map<string, Prompts>, overwrite: boolean }} options
 * @returns {Promise<string[]>} the files that failed
 */
async function predictAll(files, folder, sonomask, { settings, prompts, overwrite }) {
    /** @type {string[]} */
    const failed = [];
    /** @type {Map<string, string>} */
    const writers = new Map();
    for (const file of files) {
        const mask = path.join(folder, `${path.parse(file).name}_mask.png`);
        try {
            const other = writers.get(mask);
            if (other !== undefined)
                throw new Error(`its mask would overwrite that of ${other}, which has the same name`);
            await naming(mask, checkReplaceable(mask, overwrite));
            const result = await answer(sonomask, file, prompts.get(file), settings);
            const png = sonomask.encodePng(result.mask, result.width, result.height);
            await naming(mask, writeOutput(mask, png, overwrite));
            writers.set(mask, file);
            process.stdout.write(`${report(file, result)}\n`);
            if (!result.looksLikeUltrasound)
                complain(`${file}: does not look like breast ultrasound (outlier score ${result.outlierScore.toFixed(1)}, ` +
                    'limit 1): do not rely on its result');
        } catch (error) {
            complain(`${file}: ${reasonOf(error)}`);
            failed.push(file);
        }
    }
    return failed;
}

/**
 * @param {string[]} argv
 * @returns {Promise<number>} exit status
 */
async function main(argv) {
    let request;
    try {
        request = parse(argv);
    } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        complain(error.message);
        process.stderr.write(`${USAGE.slice(0, USAGE.indexOf('\n'))}\ntry: sonomask --help\n`);
        return EXIT_USAGE;
    }
    if (request.help) {
        process.stdout.write(`${USAGE}\n`);
        return EXIT_DONE;
    }
    if (request.version) {
        const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
        process.stdout.write(`sonomask ${version}\n`);
        return EXIT_DONE;
    }
    /** @type {Map<string, Prompts>} */
    let prompts = new Map();
    if (request.prompts !== undefined) {
        try {
            prompts = await readPrompts(request.prompts, request.files);
        } catch (error) {
            complain(`${request.prompts}: ${reasonOf(error)}`);
            return EXIT_FAILED;
        }
    }
    const folder = /** @type {string} */ (request.out);
    try {
        await makeWritable(folder);
    } catch (error) {
        complain(`${folder}: ${reasonOf(error)}`);
        return EXIT_FAILED;
    }
    let sonomask;
    try {
        sonomask = await Sonomask.load({ weights: request.weights });
    } catch (error) {
        complain(messageOf(error));
        return EXIT_FAILED;
    }
    const failed = await predictAll(request.files, folder, sonomask,
        { settings: request.settings, prompts, overwrite: request.overwrite ?? false });
    sonomask.dispose();
    if (failed.length === 0) return EXIT_DONE;
    if (request.files.length > 1) {
        complain(`${failed.length} of ${request.files.length} files failed:`);
        for (const file of failed) print(`  ${file}`);
    }
    return EXIT_FAILED;
}

// When the reader of the pipe has ended (`| head`), the rest of the batch is not needed. This is not an error.
process.stdout.on('error', (error) => {
    if ('code' in error && error.code === 'EPIPE') process.exit(EXIT_DONE);
    complain(`standard output: ${reasonOf(error)}`);
    process.exit(EXIT_FAILED);
});

process.exitCode = await main(process.argv.slice(2));
