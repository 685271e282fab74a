/**
 * The images that the command line names: files, folders, patterns, and "-" for standard input. In a folder everything that
 * looks like an image is taken, without the DICOM objects that are made of images; one with a DICOMDIR gives the images of its index.
 */
import { open, readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { readDirectory } from './dicom/directory.js';
import { isDirectoryName } from './dicom/directory-name.js';
import { isDicom } from './dicom/is-dicom.js';
import { libraries } from './dicom/libraries-node.js';
import { classInHead, otherKind } from './dicom/other-classes.js';
import { isTiff } from './dicom/tiff.js';

/**
 * @typedef {object} Input
 * @property {string} file as it is named in the output
 * @property {string} stem what the names of its output files begin with; below a given folder with the folders between
 * @property {() => Promise<Uint8Array>} read
 */

export const STANDARD_INPUT = '-';

const HEAD_BYTES = 132;
/** A DICOM file names its class in them. */
const CLASS_BYTES = 640;
const PICTURE = /\.(png|jpe?g|bmp|tiff?)$/i;
const DICOM = /\.(dcm|dicom|ima)$/i;
/** Masks beside the images of a data set, and what an earlier run wrote. */
const NO_PICTURE = /_(mask(_\d+)?|overlay)\.png$|_(seg|sr)\.dcm$/i;
const CLUTTER = /^(\.|thumbs\.db$|desktop\.ini$)/i;

/**
 * @param {string} name of a file
 * @returns {string} without its extension; a DICOM file is often named by numbers with points, which are none
 */
function stemOf(name) {
    const { name: stem, ext } = path.parse(name);
    return /^\.\d+$/.test(ext) ? stem + ext : stem;
}

/**
 * @param {string} file
 * @returns {Promise<boolean>} whether it is taken from a folder
 */
async function isPicture(file) {
    const name = path.basename(file);
    if (CLUTTER.test(name) || NO_PICTURE.test(name)) return false;
    if (PICTURE.test(name)) return true;
    // DICOM files often have no extension. A damaged one that has it is reported when it is read.
    const isNamed = DICOM.test(name);
    const handle = await open(file).catch(() => null);
    if (!handle) return isNamed;
    try {
        const { buffer: bytes, bytesRead } = await handle.read(new Uint8Array(CLASS_BYTES), 0, CLASS_BYTES, 0);
        const head = bytes.subarray(0, bytesRead);
        return isDicom(head) ? otherKind(classInHead(head)) === '' : isNamed;
    } catch {
        return isNamed;
    } finally {
        await handle.close();
    }
}

/**
 * @param {string} folder
 * @returns {Promise<string[]>} all files below it, sorted in each folder
 */
async function filesBelow(folder) {
    const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
    /** @type {string[]} */
    const found = [];
    for (const entry of entries) {
        const whole = path.join(folder, entry.name);
        if (entry.isDirectory() && !CLUTTER.test(entry.name)) found.push(...(await filesBelow(whole)));
        else if (entry.isFile() || entry.isSymbolicLink()) found.push(whole);
    }
    return found;
}

/**
 * @param {string} folder
 * @returns {Promise<string[]>}
 * @throws {Error} when there is none
 */
async function picturesIn(folder) {
    const files = await filesBelow(folder);
    const index = files.find(file => isDirectoryName(path.basename(file)));
    if (index) {
        const base = path.dirname(index);
        const wanted = await readDirectory(new Uint8Array(await readFile(index)), libraries);
        const byName = new Map(files.map(file => [path.relative(base, file).split(path.sep).join('/').toLowerCase(), file]));
        // A file that is missing is reported when it is read.
        const listed = wanted.map(name => byName.get(name.toLowerCase()) ?? path.join(base, name));
        if (listed.length > 0) return listed;
    }
    const pictures = [];
    for (const file of files) if (!isDirectoryName(path.basename(file)) && (await isPicture(file))) pictures.push(file);
    if (pictures.length === 0) throw new Error('the folder holds no image');
    return pictures;
}

/**
 * @param {string} pattern a part of a path with *, ? and [...]
 * @returns {RegExp}
 */
function expressionOf(pattern) {
    const source = pattern.replaceAll(/\*|\?|\[!?[^\]]+\]|[^*?[]+|\[/g, part => {
        if (part === '*') return '[^/]*';
        if (part === '?') return '[^/]';
        if (part.length > 2 && part.startsWith('[')) return part.replace(/^\[!/, '[^').replaceAll('\\', '\\\\');
        return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    });
    return new RegExp(`^${source}$`);
}

/**
 * Patterns that the shell did not expand, such as in PowerShell or within quotation marks. `**` stands for any folders.
 * @param {string} pattern
 * @returns {Promise<string[]>} sorted
 */
async function matching(pattern) {
    const [first = '', ...parts] = pattern.split(/[/\\]/);
    const isAbsolute = first === '';
    let places = isAbsolute ? ['/'] : [''];
    for (const part of isAbsolute ? parts : [first, ...parts]) {
        /** @type {string[]} */
        const found = [];
        for (const place of places) {
            if (part === '**') {
                found.push(place, ...(await foldersBelow(place)));
                continue;
            }
            if (!/[*?[]/.test(part)) {
                const whole = path.join(place, part);
                if (await stat(whole).then(() => true, () => false)) found.push(whole);
                continue;
            }
            const expression = expressionOf(part);
            const names = await readdir(place || '.').catch(() => []);
            for (const name of names.sort()) if (expression.test(name) && (part.startsWith('.') || !name.startsWith('.'))) found.push(path.join(place, name));
        }
        places = [...new Set(found)];
    }
    return places;
}

/**
 * @param {string} folder
 * @returns {Promise<string[]>}
 */
async function foldersBelow(folder) {
    const entries = await readdir(folder || '.', { withFileTypes: true }).catch(() => []);
    const found = [];
    for (const entry of entries.filter(one => one.isDirectory() && !one.name.startsWith('.'))) {
        const whole = path.join(folder, entry.name);
        found.push(whole, ...(await foldersBelow(whole)));
    }
    return found;
}

/**
 * @param {string} file
 * @param {string} [stem]
 * @returns {Input}
 */
function inputOf(file, stem = stemOf(path.basename(file))) {
    return { file, stem, read: () => readFile(file) };
}

/**
 * @param {string} name
 * @returns {Promise<Input[]>}
 */
async function expanded(name) {
    if (name === STANDARD_INPUT) return [{ file: name, stem: 'stdin', read: () => buffer(process.stdin) }];
    const status = await stat(name).catch(() => null);
    if (!status && /[*?[]/.test(name)) {
        const found = await matching(name);
        if (found.length === 0) throw new Error('no file matches');
        return (await Promise.all(found.map(expanded))).flat();
    }
    if (!status?.isDirectory()) return [inputOf(name)];
    const pictures = await picturesIn(name);
    return pictures.map(file => inputOf(file, path.join(path.dirname(path.relative(name, file)), stemOf(path.basename(file)))));
}

/**
 * A folder or pattern without an image stays, and fails with its reason when it is read.
 * @param {string[]} names
 * @returns {Promise<Input[]>}
 */
export async function inputsOf(names) {
    const found = await Promise.all(names.map(name => expanded(name).catch(error => [{ ...inputOf(name), read: () => Promise.reject(error) }])));
    return found.flat();
}

/**
 * @param {Uint8Array} bytes of a file
 * @returns {'dicom' | 'tiff' | 'other'}
 */
export function kindOf(bytes) {
    return isDicom(bytes.subarray(0, HEAD_BYTES)) ? 'dicom' : isTiff(bytes) ? 'tiff' : 'other';
}
