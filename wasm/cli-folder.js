/** The folder of the output files. */
import { access, constants, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

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
export async function makeWritable(folder) {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
}
