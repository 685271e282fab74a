/** The command line of `npx sonomask predict`: the options of the native command. */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { messageOf } from './error.js';

/**
 * @typedef {import('./sonomask.js').RefineOptions} RefineOptions
 */

export const SYNOPSIS = 'usage: sonomask predict --out DIR [OPTION]... FILE|FOLDER|PATTERN|-...';

export const USAGE = `${SYNOPSIS}

For each image (PNG, JPEG, BMP, TIFF, DICOM) writes the mask DIR/NAME_mask.png (grey, 0 or 255, of the size of the image;
NAME is the name of the image without its extension) and prints one JSON line: type, probabilities, presence, lesions with
their measurements in pixels (and in millimetres where a DICOM file has their size), and more. Of a loop every frame is
answered: the mask is DIR/NAME_frameNUMBER_mask.png, and the line has "frame" and "frames". A folder stands for all images
below it, or for those of its DICOMDIR; the folders below it are made in DIR too. A pattern such as "scans/**/*.dcm" is
expanded where the shell does not. "-" is an image from standard input. An image that does not look like breast ultrasound
is named on stderr. A mask or overlay of an earlier run is replaced; any other existing file is kept, and the image then
counts as failed. The others are processed, and the exit status is 1. Research only, not a medical device.

"sonomask orthanc" answers the images that an Orthanc archive receives: see sonomask orthanc --help.

  --out DIR             folder for the masks, created if missing
  --model FILE          weights file (default: $SONOMASK_MODEL, else the weights of the package); --weights is the same
  --threshold T         a pixel is lesion when its probability is at least this (0 to 1; default: the model's own)
  --operating-point SHARE
                        share of the images with a lesion in which a lesion is kept, 0.80, 0.90 or 0.95: a lower one leaves
                        more normal images alone (default: 0.95)
  --region WHERE        where the ultrasound picture is: auto finds it in an image of a whole scanner screen, also several;
                        whole is the whole image; X,Y,WIDTHxHEIGHT is a rectangle in pixels, and may be given for each of
                        several pictures (default: what a DICOM file marks, else auto)
  --prompts FILE        clicks and boxes that correct the answer, as JSON Lines, in pixels of the image:
                        {"file": NAME, "clicks": [{"x": X, "y": Y, "inside": true}], "box": {"x", "y", "width", "height"}}
                        "frame": NUMBER is that of a loop, from 1 on (default: 1)
  --overlay             also write DIR/NAME_overlay.png: the image with the outlines of the lesions, dashed ones of possible
                        lesions, and the clicks and the box
  --seg                 also write DIR/NAME_seg.dcm: the lesions as a DICOM Segmentation, all frames of a loop in one
  --seg-type TYPE       binary (a segment per lesion) or fractional (the probability of a lesion; default: binary)
  --sr                  also write DIR/NAME_sr.dcm: the measurements as a DICOM structured report, and --seg, to which it refers
  --patient             name patient and study in them as the image does (default: only its UIDs are kept)
  --overwrite           replace existing files that sonomask did not write
  --threads N           images that are processed at the same time (1 to 256; default: one per processor)
  --help                this text
  --version             the version`;

/** Wrong usage; the message is for people. */
export class UsageError extends Error {}

const MOST_THREADS = 256;

/**
 * @param {string | undefined} text
 * @param {string} name of the option
 * @returns {number | undefined}
 */
function shareOption(text, name) {
    if (text === undefined) return undefined;
    const value = text.trim() === '' ? NaN : Number(text);
    if (!(value >= 0 && value <= 1)) throw new UsageError(`--${name} needs a number from 0 to 1, not "${text}"`);
    return value;
}

/**
 * @param {string | undefined} text
 * @returns {RefineOptions['operatingPoint']}
 */
function operatingPointOption(text) {
    if (text === undefined) return undefined;
    const value = Number(text);
    if (value === 0.8 || value === 0.9 || value === 0.95) return value;
    throw new UsageError(`--operating-point must be 0.80, 0.90 or 0.95, not "${text}"`);
}

/**
 * @param {string | undefined} text
 * @returns {number}
 */
function threadsOption(text) {
    if (text === undefined) return Math.min(MOST_THREADS, availableParallelism?.() ?? cpus().length);
    const value = /^\d+$/.test(text) ? Number(text) : 0;
    if (value >= 1 && value <= MOST_THREADS) return value;
    throw new UsageError(`--threads needs a whole number from 1 to ${MOST_THREADS}, not "${text}"`);
}

const MOST_REGIONS = 16;
const MOST_PIXELS = 0x7fffffff;

/**
 * With the messages of native/region_option.c.
 * @param {string[]} texts
 * @returns {RefineOptions['regions']}
 */
function regionOption(texts) {
    const isWord = (/** @type {string} */ text) => text === 'auto' || text === 'whole';
    const [first = 'auto'] = texts;
    const refused = (/** @type {string} */ expected, /** @type {string} */ text) =>
        new UsageError(`--region must ${expected}, not "${text}"`);
    /** @type {import('./sonomask.js').Rectangle[]} */
    const rectangles = [];
    for (const [index, text] of texts.entries()) {
        if (index > 0 && (isWord(text) || isWord(first)))
            throw refused('be given once, or several times with rectangles only', text);
        if (isWord(text)) continue;
        if (rectangles.length === MOST_REGIONS) throw refused(`be given at most ${MOST_REGIONS} times`, text);
        const [x = NaN, y = NaN, width = NaN, height = NaN] =
            (/^(\d+),(\d+),(\d+)x(\d+)$/.exec(text) ?? []).slice(1).map(Number);
        if (![x, y, width, height].every((value) => value <= MOST_PIXELS))
            throw refused('be auto, whole or X,Y,WIDTHxHEIGHT in pixels', text);
        if (width < 1 || height < 1) throw refused('have an area', text);
        rectangles.push({ x, y, width, height });
    }
    return first === 'auto' || first === 'whole' ? first : rectangles;
}

/**
 * @param {{ 'seg'?: boolean, 'seg-type'?: string, 'sr'?: boolean, 'patient'?: boolean }} values
 * @returns {Request['derived']}
 */
function derivedOptions({ seg = false, 'seg-type': given, sr = false, patient = false }) {
    const type = given ?? 'binary';
    if (type !== 'binary' && type !== 'fractional') throw new UsageError(`--seg-type must be binary or fractional, not "${type}"`);
    if (sr && type === 'fractional') throw new UsageError('--sr refers to lesions, which need --seg-type binary');
    if (seg || sr) return { type, report: sr, patient };
    if (given !== undefined || patient) throw new UsageError('--seg-type and --patient need --seg or --sr');
    return null;
}

/**
 * What is to be done.
 * @typedef {object} Request
 * @property {string[]} names files, folders, patterns and "-"
 * @property {string} out folder
 * @property {string | undefined} model weights file; undefined: the package's own
 * @property {string | undefined} prompts file
 * @property {RefineOptions} settings
 * @property {boolean} overlay
 * @property {{ type: 'binary' | 'fractional', report: boolean, patient: boolean } | null} derived DICOM objects to write
 * @property {boolean} overwrite
 * @property {number} threads
 */

/**
 * @param {string[]} argv
 * @returns {Request | 'help' | 'version'}
 * @throws {UsageError}
 */
export function parseCommandLine(argv) {
    let parsed;
    try {
        parsed = parseArgs({
            args: argv,
            allowPositionals: true,
            options: {
                out: { type: 'string' },
                model: { type: 'string' },
                weights: { type: 'string' },
                threshold: { type: 'string' },
                'operating-point': { type: 'string' },
                region: { type: 'string', multiple: true },
                prompts: { type: 'string' },
                overlay: { type: 'boolean' },
                seg: { type: 'boolean' },
                'seg-type': { type: 'string' },
                sr: { type: 'boolean' },
                patient: { type: 'boolean' },
                overwrite: { type: 'boolean' },
                threads: { type: 'string' },
                help: { type: 'boolean' },
                version: { type: 'boolean' },
            },
        });
    } catch (error) {
        throw new UsageError(messageOf(error), { cause: error });
    }
    const { values, positionals } = parsed;
    if (values.help) return 'help';
    if (values.version) return 'version';
    const [command, ...names] = positionals;
    if (command === undefined) throw new UsageError('a command is missing');
    if (command !== 'predict') throw new UsageError(`no command "${command}" (there are predict and orthanc)`);
    if (!values.out) throw new UsageError('--out is missing');
    if (names.length === 0) throw new UsageError('no image is given');
    if (names.filter((name) => name === '-').length > 1) throw new UsageError('standard input is given twice');
    /** @type {RefineOptions} */
    const settings = {};
    const threshold = shareOption(values.threshold, 'threshold');
    if (threshold !== undefined) settings.threshold = threshold;
    const operatingPoint = operatingPointOption(values['operating-point']);
    if (operatingPoint !== undefined) settings.operatingPoint = operatingPoint;
    // Without the option, the regions that a DICOM file marks count.
    if (values.region) settings.regions = regionOption(values.region);
    return {
        names,
        out: values.out,
        model: values.model ?? values.weights ?? (process.env['SONOMASK_MODEL'] || undefined),
        prompts: values.prompts,
        settings,
        overlay: values.overlay ?? false,
        derived: derivedOptions(values),
        overwrite: values.overwrite ?? false,
        threads: threadsOption(values.threads),
    };
}
