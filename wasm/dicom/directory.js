/** DICOMDIR: the index of a folder of DICOM files (PS3.3, annex F). */
import { FileError } from './error.js';
import { parse } from './parse.js';

/**
 * @param {Uint8Array} bytes of the DICOMDIR
 * @param {import('./read.js').Libraries} libraries
 * @returns {Promise<string[]>} the paths of its images below its folder, with "/" between the parts, in the order of the index
 * @throws {FileError}
 */
export async function readDirectory(bytes, libraries) {
    const { set, truncated } = await parse(bytes, await libraries.parser(), libraries.inflate);
    const records = set.elements['x00041220']?.items;
    if (!records) throw new FileError('damaged', truncated || 'a DICOMDIR without records');
    return records.flatMap(({ dataSet }) => {
        const kind = dataSet?.string('x00041430')?.trim();
        const file = dataSet?.string('x00041500')?.trim();
        return kind === 'IMAGE' && file ? [file.split('\\').map(part => part.trim()).join('/')] : [];
    });
}
