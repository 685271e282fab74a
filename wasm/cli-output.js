/** Output files of the Node command: written whole, and never over a file that the program did not write. */
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { link, lstat, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { IMPLEMENTATION_UID } from './dicom/write.js';

/** A PNG begins with 8 bytes of signature and the chunk IHDR; the mark is the chunk after it. */
const PNG_START_SIZE = 8 + 12 + 13;
/** The same chunk as in native/own_files.c: length, type, keyword and text, CRC. */
const TEXT = 'tEXtComment\0Written by the sonomask program, which may replace this file.';
const TEXT_CRC = 0xE9684E74;
const MARK = makeMark();

function makeMark() {
    const chunk = Buffer.alloc(8 + TEXT.length);
    chunk.writeUInt32BE(TEXT.length - 4, 0);
    chunk.write(TEXT, 4, 'latin1');
    chunk.writeUInt32BE(TEXT_CRC, 4 + TEXT.length);
    return chunk;
}

/**
 * @param {Uint8Array} png
 * @returns {Uint8Array} the same image with the mark of the program's own output
 */
function marked(png) {
    return Buffer.concat([png.subarray(0, PNG_START_SIZE), MARK, png.subarray(PNG_START_SIZE)]);
}

/** The head of a DICOM file that the program wrote names it; it is shorter than this. */
const DICOM_HEAD_SIZE = 512;

/** @param {Uint8Array} bytes */
const isMarked = (bytes) => MARK.equals(bytes.subarray(PNG_START_SIZE, PNG_START_SIZE + MARK.length)) ||
    Buffer.from(bytes.subarray(0, DICOM_HEAD_SIZE)).includes(IMPLEMENTATION_UID);

/**
 * @param {unknown} error
 * @returns {string | undefined}
 */
const codeOf = (error) => error instanceof Error && 'code' in error ? String(error.code) : undefined;

/**
 * Throws when `file` exists and must not be replaced.
 * @param {string} file
 * @param {boolean} overwrite files that the program did not write may be replaced
 */
export async function checkReplaceable(file, overwrite) {
    let status;
    try {
        status = await lstat(file);
    } catch (error) {
        if (codeOf(error) === 'ENOENT') return;
        throw error;
    }
    if (status.isDirectory()) throw new Error(`${file} is a folder`);
    if (status.isSymbolicLink()) {
        if (!overwrite)
            throw new Error(`${file} is a symbolic link, which sonomask did not make; --overwrite replaces it`);
        return;
    }
    if (!status.isFile()) throw new Error(`${file} is not a regular file`);
    if (!overwrite && !isMarked(await readFile(file)))
        throw new Error(`${file} exists and was not written by sonomask; --overwrite replaces it`);
}

/** Temporary files that are not complete. @type {Set<string>} */
const temporaries = new Set();

/** For a signal that ends the program. */
export function removeTemporaries() {
    for (const temporary of temporaries) rmSync(temporary, { force: true });
}

/**
 * Gives the finished file its name. A hard link never replaces an existing file, so a file that appears in the
 * meantime is not lost.
 * @param {string} temporary
 * @param {string} file
 * @param {boolean} overwrite
 */
async function putInPlace(temporary, file, overwrite) {
    try {
        await link(temporary, file);
        await rm(temporary);
    } catch {
        // The name exists, or the file system has no hard links.
        await checkReplaceable(file, overwrite);
        await rename(temporary, file);
    }
}

/**
 * Writes a file to a temporary name in the folder of `file` and renames it, so that no incomplete file is left.
 * Replaces the output of an earlier run; see checkReplaceable.
 * @param {string} file
 * @param {Uint8Array} bytes a PNG or DICOM file
 * @param {boolean} overwrite
 */
export async function writeOutput(file, bytes, overwrite) {
    // Short: a name made from the file's would be too long when that is as long as the file system allows.
    const temporary = path.join(path.dirname(file), `.sonomask-${randomBytes(6).toString('hex')}.tmp`);
    temporaries.add(temporary);
    try {
        const handle = await open(temporary, 'wx');
        try {
            await handle.writeFile(file.endsWith('.dcm') ? bytes : marked(bytes));
        } finally {
            await handle.close();
        }
        await putInPlace(temporary, file, overwrite);
    } catch (error) {
        await rm(temporary, { force: true });
        throw error;
    } finally {
        temporaries.delete(temporary);
    }
}
