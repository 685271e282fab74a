/** A mask as NIfTI-1: 8-bit class numbers, one slice, pixel spacing in millimetres where it is known. */

const HEADER = 348;
const COMMENT = 6; // code of a text extension
const UINT8 = 2;
const MILLIMETRES = 2;

/**
 * @param {Uint8Array} classes one byte per pixel, rows from the top
 * @param {number} width
 * @param {number} height
 * @param {number | null} millimetres per pixel; null: unknown, and the unit is left open
 * @param {object} facts written as JSON into a comment
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function toNifti(classes, width, height, millimetres, facts) {
    const text = new TextEncoder().encode(JSON.stringify(facts));
    const extension = Math.ceil((8 + text.length) / 16) * 16;
    const start = HEADER + 4 + extension;
    const file = new Uint8Array(start + classes.length);
    const view = new DataView(file.buffer);
    view.setInt32(0, HEADER, true);
    for (const [index, value] of [3, width, height, 1, 1, 1, 1, 1].entries()) view.setInt16(40 + 2 * index, value, true);
    view.setInt16(70, UINT8, true);
    view.setInt16(72, 8, true); // bits per pixel
    const step = millimetres ?? 1;
    for (const [index, value] of [1, step, step, 1].entries()) view.setFloat32(76 + 4 * index, value, true);
    view.setFloat32(108, start, true);
    view.setFloat32(112, 1, true); // slope
    view.setUint8(123, millimetres === null ? 0 : MILLIMETRES);
    file.set(new TextEncoder().encode('sonomask mask: 1 benign, 2 malignant, 3 lesion of unknown type'), 148);
    // Rows go from the top and columns from the left, as in DICOM: both axes run against those of NIfTI.
    view.setInt16(254, 1, true); // the affine below counts
    view.setFloat32(280, -step, true);
    view.setFloat32(300, -step, true);
    view.setFloat32(320, 1, true);
    file.set([0x6e, 0x2b, 0x31, 0], 344);
    file[HEADER] = 1; // an extension follows
    view.setInt32(HEADER + 4, extension, true);
    view.setInt32(HEADER + 8, COMMENT, true);
    file.set(text, HEADER + 12);
    file.set(classes, start);
    return file;
}
