/**
 * Loads dicom-parser for the first DICOM file. It is a classic script that defines a global name, so a script element
 * loads it instead of an import.
 */
import { SourceError } from './source.js';

/** @typedef {typeof import('dicom-parser')} DicomParser */

/** @type {Promise<DicomParser> | null} */
let library = null;

/** @returns {Promise<DicomParser>} */
export function loadDicomParser() {
    library ??= new Promise((resolve, reject) => {
        const present = Reflect.get(globalThis, 'dicomParser');
        if (present) {
            resolve(present); // the single-file build contains it
            return;
        }
        const script = document.createElement('script');
        script.src = new URL('../vendor/dicom-parser.js', import.meta.url).href;
        const failed = () => {
            library = null; // the next file tries again
            script.remove();
            reject(new SourceError('problem.dicom-library'));
        };
        script.onerror = failed;
        script.onload = () => {
            const parser = Reflect.get(globalThis, 'dicomParser');
            if (parser) resolve(parser);
            else failed();
        };
        document.head.append(script);
    });
    return library;
}
