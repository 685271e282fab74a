/** The one kind of error that the readers of files throw for a file that they cannot read. */

/**
 * `damaged`: the file contradicts itself or ends too early. `no-pixels`: no image inside. `syntax`: a transfer syntax that
 * is not supported. `kind`: a kind of image that is not supported. `too-large`: more pixels than are supported.
 * `directory`: the index of a folder, not an image. `other-object`: made of an image, such as a SEG. `video`: a video, which has no frames that could be read.
 * `library`: a decoder could not be loaded. `tiff`: a TIFF file that is damaged or of an unusual kind. `unreadable`: the file
 * system refused. `no-uids`: nothing can refer to the image. `frames`: a DICOM SEG does not say which images or frames its
 * masks are of.
 * @typedef {'damaged' | 'no-pixels' | 'syntax' | 'kind' | 'too-large' | 'directory' | 'video' | 'library' | 'tiff' |
 *     'unreadable' | 'no-uids' | 'frames' | 'other-object'} Reason
 */

/** @type {Record<Reason, (detail: string) => string>} */
const MESSAGES = {
    damaged: detail => `the file is damaged: ${detail}`,
    'no-pixels': () => 'the DICOM file contains no image',
    syntax: detail => `the transfer syntax ${detail} is not supported`,
    kind: detail => `this kind of image is not supported: ${detail}`,
    'too-large': detail => `the image is too large: ${detail}`,
    'other-object': detail => `it is a DICOM ${detail}, not an image`,
    directory: () => 'a DICOMDIR is the index of a folder: give the folder',
    video: detail => `a video inside DICOM (${detail}) can only be opened in the page`,
    tiff: detail => `this TIFF file cannot be read: ${detail}`,
    unreadable: detail => `the file cannot be read: ${detail}`,
    'no-uids': detail => `nothing can refer to this DICOM file: its ${detail}`,
    frames: detail => `it is not clear which frames the masks of this DICOM SEG are of: ${detail}`,
    library: detail => `a decoder cannot be loaded: ${detail}`,
};

export class FileError extends Error {
    /** @readonly @override @type {'FileError'} */
    name = 'FileError';

    /**
     * @param {Reason} reason
     * @param {string} [detail]
     */
    constructor(reason, detail = '') {
        super(MESSAGES[reason](detail));
        this.reason = reason;
        this.detail = detail;
    }
}

/**
 * @param {string} detail
 * @returns {FileError}
 */
export function damaged(detail) {
    return new FileError('damaged', detail);
}
