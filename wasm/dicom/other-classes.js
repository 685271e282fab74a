/** DICOM objects that are made of images and are none, by their SOP classes (PS3.4, B.5). */

/** Of all storage classes. */
const STORAGE = /1\.2\.840\.10008\.5\.1\.4\.1\.1\.[\d.]+/;
const KINDS = /** @type {const} */ ([
    [/\.1\.1\.66\.4$/, 'SEG'], [/\.1\.1\.66\.7$/, 'label map'], [/\.1\.1\.88\.[\d.]+$/, 'SR'], [/\.1\.1\.11\.[\d.]+$/, 'presentation state'],
]);

/**
 * @param {string} sopClass
 * @returns {string} what the object is; "" it may be an image
 */
export function otherKind(sopClass) {
    return (STORAGE.test(sopClass) && KINDS.find(([pattern]) => pattern.test(sopClass))?.[1]) || '';
}

/**
 * @param {Uint8Array} head the first bytes of a DICOM file
 * @returns {string} the storage class that is named first, which is the file's own; "" none is
 */
export function classInHead(head) {
    return STORAGE.exec(new TextDecoder('latin1').decode(head))?.[0] ?? '';
}
