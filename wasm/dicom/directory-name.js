/** The name of the index of a DICOM folder. */

/**
 * @param {string} name of a file, without its folders
 * @returns {boolean} whether it has the name that the standard gives the index
 */
export function isDirectoryName(name) {
    return /^dicomdir$/i.test(name);
}
