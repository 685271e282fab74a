/**
 * What the page needs only after the first answer, served as one file (web/serve.js). Its modules keep no state that the
 * page shares, as they may exist twice: classes of the page are made by the page.
 */
export { readAnnotations } from './session/annotations.js';
export { readSession, SESSION_NAME, writeSession } from './session/container.js';
export { checksumOf, copiesIn, findMissing, sha256Of } from './session/digest.js';
export { headJson, safeName, toJson } from './session/format.js';
export { forgetWork, WorkStore } from './session/storage.js';
