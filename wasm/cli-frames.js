/** The pictures of a file: one, or the frames of a DICOM loop or the pages of a TIFF file. */
import { kindOf } from './cli-inputs.js';
import { libraries } from './dicom/libraries-node.js';
import { readDicom } from './dicom/read.js';
import { readReference } from './dicom/reference.js';
import { readTiff } from './dicom/tiff.js';

/**
 * @typedef {import('./cli-inputs.js').Input} Input
 * @typedef {import('./dicom/regions.js').Rectangle} Rectangle
 * @typedef {import('./dicom/regions.js').Scale} Scale
 * @typedef {import('./sonomask.js').EncodedImage} EncodedImage
 * @typedef {import('./sonomask.js').RawImage} RawImage
 */

/**
 * @typedef {object} Pictures
 * @property {number} count
 * @property {Scale[] | null} scales null: the format has none
 * @property {Rectangle[]} regions the ultrasound pictures that a DICOM file marks; empty: none
 * @property {(index: number) => Promise<EncodedImage | RawImage>} picture
 * @property {((withPerson: boolean) => Promise<import('./dicom/reference.js').Reference>) | null} reference what a derived DICOM
 *     object says of the file; null: it is no DICOM file
 */

/**
 * @param {Input} input
 * @returns {Promise<Pictures>}
 */
export async function openPictures(input) {
    const bytes = await input.read();
    const kind = kindOf(bytes);
    if (kind === 'other') return { count: 1, scales: null, regions: [], picture: async () => bytes, reference: null };
    if (kind === 'tiff') {
        const { frameCount, frame } = await readTiff(bytes);
        return { count: frameCount, scales: null, regions: [], picture: frame, reference: null };
    }
    const { frameCount, scales, pictures, frame, video } = await readDicom(bytes, libraries);
    // All frames would fail with the same reason.
    if (video) await frame(0);
    return {
        count: frameCount,
        scales,
        regions: pictures,
        reference: withPerson => readReference(bytes, libraries, withPerson),
        async picture(index) {
            const decoded = await frame(index);
            return 'encoded' in decoded ? decoded.encoded : decoded;
        },
    };
}

/**
 * The size of pixels that holds for a whole box.
 * @param {Scale[] | null} scales
 * @param {{ x: number, y: number, width: number, height: number }} box
 * @returns {number | null} millimetres
 */
export function scaleOf(scales, { x, y, width, height }) {
    const found = scales?.find(({ region }) =>
        region === null || (x >= region.x && y >= region.y && x + width <= region.x + region.width && y + height <= region.y + region.height));
    return found?.millimetres ?? null;
}
