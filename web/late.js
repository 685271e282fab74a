/**
 * What the page needs only after the first answer, served as one file (web/serve.js). Its modules keep no state that the
 * page shares, as they may exist twice: classes of the page are made by the page.
 */
import arabic from './i18n/late-ar.js';
import english from './i18n/late-en.js';

export { compareReaders, typeOf } from './compare/readers.js';
export { shape } from './edit/morphology.js';
export { derivedOf } from './export/derived.js';
export { toCoco } from './export/coco.js';
export { toLabelMe } from './export/labelme.js';
export { incompleteLoops } from './export/loops.js';
export { toNifti } from './export/nifti.js';
export { classesOf, classPng, maskPng, Painter } from './export/pictures.js';
export { classOf, judgementOf, provenanceOf } from './export/provenance.js';
export { withText } from './export/png-text.js';
export { recordOf } from './export/record.js';
export { toCsv } from './export/table.js';
export { toZip, warmZip } from './export/zip.js';
export { addAnnotations } from './session/add-annotations.js';
export { wordRows } from './panel/descriptors.js';
export { startRegions } from './panel/regions.js';
export { startParts } from './late-parts.js';
export { readAnnotations } from './session/annotations.js';
export { readSession, SESSION_NAME, writeSession } from './session/container.js';
export { addDerived } from './session/derived.js';
export { checksumOf, copiesIn, findMissing, sha256Of } from './session/digest.js';
export { headJson, safeName, toJson } from './session/format.js';
export { forgetWork, WorkStore } from './session/storage.js';
export { describeAll } from './state/descriptors.js';
export const lateTexts = { en: english, ar: arabic };
