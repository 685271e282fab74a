/** Transfer syntaxes: how the pixels of a DICOM file are stored. */

const BASE = '1.2.840.10008.1.2';

export const IMPLICIT = BASE;
export const EXPLICIT = `${BASE}.1`;
export const BIG_ENDIAN = `${BASE}.2`;
export const DEFLATED = `${BASE}.1.99`;
/** Each frame deflated alone; the pixels of images are not stored so. */
export const DEFLATED_FRAMES = `${BASE}.8.1`;

/** @typedef {'raw' | 'rle' | 'jpeg' | 'jpeg-ls' | 'jpeg-2000' | 'video'} Coding */

/** @type {Record<string, Coding>} */
const CODINGS = {
    [IMPLICIT]: 'raw',
    [EXPLICIT]: 'raw',
    [BIG_ENDIAN]: 'raw',
    [DEFLATED]: 'raw',
    [`${BASE}.1.98`]: 'raw',
    [`${BASE}.5`]: 'rle',
    [`${BASE}.4.50`]: 'jpeg',
    [`${BASE}.4.51`]: 'jpeg',
    [`${BASE}.4.53`]: 'jpeg',
    [`${BASE}.4.55`]: 'jpeg',
    [`${BASE}.4.57`]: 'jpeg',
    [`${BASE}.4.70`]: 'jpeg',
    [`${BASE}.4.80`]: 'jpeg-ls',
    [`${BASE}.4.81`]: 'jpeg-ls',
    [`${BASE}.4.90`]: 'jpeg-2000',
    [`${BASE}.4.91`]: 'jpeg-2000',
    [`${BASE}.4.201`]: 'jpeg-2000',
    [`${BASE}.4.202`]: 'jpeg-2000',
    [`${BASE}.4.203`]: 'jpeg-2000',
};

/** Names for messages. @type {Record<string, string>} */
const NAMES = {
    [`${BASE}.4.92`]: 'JPEG 2000 Multi-component Lossless',
    [`${BASE}.4.93`]: 'JPEG 2000 Multi-component',
    [`${BASE}.4.94`]: 'JPIP Referenced',
    [`${BASE}.4.95`]: 'JPIP Referenced Deflate',
    [`${BASE}.4.100`]: 'MPEG2',
    [`${BASE}.4.101`]: 'MPEG2 High Level',
    [`${BASE}.4.102`]: 'MPEG-4 AVC/H.264',
    [`${BASE}.4.103`]: 'MPEG-4 AVC/H.264 BD',
    [`${BASE}.4.104`]: 'MPEG-4 AVC/H.264 2D',
    [`${BASE}.4.105`]: 'MPEG-4 AVC/H.264 3D',
    [`${BASE}.4.106`]: 'MPEG-4 AVC/H.264 Stereo',
    [`${BASE}.4.107`]: 'HEVC/H.265',
    [`${BASE}.4.108`]: 'HEVC/H.265 Main 10',
    [`${BASE}.4.110`]: 'JPEG XL Lossless',
    [`${BASE}.4.111`]: 'JPEG XL Recompressed JPEG',
    [`${BASE}.4.112`]: 'JPEG XL',
    [DEFLATED_FRAMES]: 'Deflated Image Frame Compression',
};

/** The stream of a video may be divided into several elements; `.1` at the end of these syntaxes means that. */
export const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10[0-8](\.1)?$/;

/**
 * @param {string} syntax
 * @returns {Coding | null} null: not supported
 */
export function codingOf(syntax) {
    return VIDEO.test(syntax) ? 'video' : (CODINGS[syntax] ?? null);
}

/**
 * @param {string} syntax
 * @returns {string} its name and number where the name is known
 */
export function nameOf(syntax) {
    const name = NAMES[syntax] ?? NAMES[syntax.replace(/\.1$/, '')];
    return name ? `${name} (${syntax})` : syntax;
}
