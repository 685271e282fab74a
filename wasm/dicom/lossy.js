/** What an image says of lossy compression, completed from how its pixels are stored (PS3.3, C.7.6.1.1.5). */
import { VIDEO } from './syntaxes.js';

/** @typedef {import('./write.js').DataSet} DataSet */

/** Methods by the transfer syntaxes that use them. @type {[syntax: RegExp, method: string][]} */
const METHODS = [
    [/\.4\.5[0-5]$/, 'ISO_10918_1'],
    [/\.4\.81$/, 'ISO_14495_1'],
    [/\.4\.91$/, 'ISO_15444_1'],
    [/\.4\.203$/, 'ISO_15444_15'],
    [/\.4\.10[01](\.1)?$/, 'ISO_13818_2'],
    [/\.4\.10[2-6](\.1)?$/, 'ISO_14496_10'],
    [/\.4\.10[78](\.1)?$/, 'ISO_23008_2'],
];
/** JPEG with a discrete cosine transform; the other syntaxes of METHODS, but for video, may be without loss. */
const COSINE = /\.4\.5[0-5]$/;

/**
 * @param {import('./header.js').Header} header
 * @param {string} syntax
 * @param {number} stored bytes of the compressed pixels; 0: not known
 * @returns {DataSet}
 */
export function lossyOf(header, syntax, stored) {
    const values = (/** @type {string} */ tag) => (header.text(tag, true) ?? '').split('\\').map(value => value.trim()).filter(Boolean);
    if (header.text('x00282110') !== '01' && !COSINE.test(syntax) && !VIDEO.test(syntax)) return { LossyImageCompression: '00' };
    const method = METHODS.find(([pattern]) => pattern.test(syntax))?.[1];
    const ratios = values('x00282112').map(Number).filter(ratio => ratio > 0 && Number.isFinite(ratio));
    const methods = values('x00282114');
    if (method && methods.length === 0) methods.push(method);
    if (method && ratios.length === 0 && stored > 0) {
        const number = (/** @type {string} */ tag) => header.number(tag) ?? 0;
        const bytes = number('x00280010') * number('x00280011') * (header.number('x00280002') ?? 1) * Math.ceil((header.number('x00280100') ?? 8) / 8);
        const ratio = Math.round((100 * bytes * Number(header.text('x00280008') ?? 1)) / stored) / 100;
        if (ratio > 0) ratios.push(ratio);
    }
    return {
        LossyImageCompression: '01',
        ...(ratios.length > 0 && { LossyImageCompressionRatio: ratios }),
        ...(methods.length > 0 && { LossyImageCompressionMethod: methods }),
    };
}
