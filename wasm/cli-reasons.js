/** Reasons of the system, in the words of the command. */
import { messageOf } from './error.js';

/**
 * @param {unknown} error
 * @returns {string} without the path, which the line names already
 */
export function reasonOf(error) {
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
export async function naming(file, work) {
    try {
        await work;
    } catch (error) {
        const ofSystem = error instanceof Error && 'syscall' in error;
        throw ofSystem ? new Error(`${file}: ${reasonOf(error)}`, { cause: error }) : error;
    }
}
