/** Studies and series of an archive, and their files, by DICOMweb. */
import { textOf } from '../../wasm/dicom/dicomweb.js';

/**
 * @typedef {import('../../wasm/dicom/dicomweb.js').DicomWeb} DicomWeb
 * @typedef {{ study: string, date: string, description: string, modalities: string, count: string, patient: string }} Study
 * @typedef {{ study: string, series: string, number: string, description: string, modality: string, count: string }} Series
 * @typedef {{ from: string, to: string, patient: string, isUltrasound: boolean }} Wanted dates as "2026-01-31"; "": any
 */

export const STUDIES_AT_ONCE = 50;
const FETCHES_AT_ONCE = 3;

/** @param {string} date "20260131" @returns {string} "2026-01-31" */
const written = date => date.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');

/**
 * @param {DicomWeb} web
 * @param {Wanted} wanted
 * @param {number} offset how many are known already
 * @param {AbortSignal} signal
 * @returns {Promise<Study[]>} at most STUDIES_AT_ONCE
 */
export async function findStudies(web, { from, to, patient, isUltrasound }, offset, signal) {
    /** @type {[string, string][]} */
    const query = [['limit', String(STUDIES_AT_ONCE)], ['offset', String(offset)]];
    for (const field of ['StudyDescription', 'ModalitiesInStudy', 'NumberOfStudyRelatedInstances']) query.push(['includefield', field]);
    if (from || to) query.push(['StudyDate', `${from.replaceAll('-', '')}-${to.replaceAll('-', '')}`]);
    if (patient) query.push(['PatientID', patient]);
    if (isUltrasound) query.push(['ModalitiesInStudy', 'US']);
    return (await web.search('studies', query, signal)).map(set => ({
        study: textOf(set, '0020000D'),
        date: written(textOf(set, '00080020')),
        description: textOf(set, '00081030'),
        modalities: (set['00080061']?.Value ?? []).join(' '),
        count: textOf(set, '00201208'),
        patient: [textOf(set, '00100010').replaceAll('^', ' ').trim(), textOf(set, '00100020')].filter(Boolean).join(' · '),
    }));
}

/**
 * @param {DicomWeb} web
 * @param {string} study
 * @param {AbortSignal} signal
 * @returns {Promise<Series[]>}
 */
export async function findSeries(web, study, signal) {
    const fields = ['SeriesDescription', 'NumberOfSeriesRelatedInstances'];
    const sets = await web.search(`studies/${study}/series`, fields.map(field => ['includefield', field]), signal);
    return sets.map(set => ({
        study,
        series: textOf(set, '0020000E'),
        number: textOf(set, '00200011'),
        description: textOf(set, '0008103E'),
        modality: textOf(set, '00080060'),
        count: textOf(set, '00201209'),
    }));
}

/**
 * @param {DicomWeb} web
 * @param {Series[]} all
 * @param {(done: number, total: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<{ files: { file: File, path: string }[], total: number, errors: unknown[] }>} the files that came, in their
 *     order, and why others did not
 */
export async function fetchFiles(web, all, onProgress, signal) {
    /** @type {{ instance: { study: string, series: string, sopInstance: string }, path: string }[]} */
    const wanted = [];
    for (const { study, series, number, modality } of all) {
        const sets = await web.search(`studies/${study}/series/${series}/instances`, [], signal);
        const numbered = sets.map(set => ({ sopInstance: textOf(set, '00080018'), rank: Number(textOf(set, '00200013')) || 0 }));
        // No name of a patient, and no identifier: names of files are shown.
        for (const [index, { sopInstance }] of numbered.sort((a, b) => a.rank - b.rank).entries())
            wanted.push({ instance: { study, series, sopInstance }, path: `${modality || 'series'}-${number || '0'}-${index + 1}.dcm` });
    }
    /** @type {({ file: File, path: string } | undefined)[]} */
    const files = new Array(wanted.length);
    /** @type {unknown[]} */
    const errors = [];
    let [next, done] = [0, 0];
    onProgress(0, wanted.length);
    const work = async () => {
        for (let index = next++; index < wanted.length; index = next++) {
            const each = wanted[index];
            if (!each) return;
            try {
                files[index] = { file: new File([await web.retrieve(each.instance, signal)], each.path, { type: 'application/dicom' }), path: each.path };
            } catch (error) {
                signal.throwIfAborted();
                errors.push(error);
                // The rest would fail in the same way.
                if (['unreachable', 'refused'].includes(/** @type {any} */ (error).trouble)) next = wanted.length;
            }
            onProgress(++done, wanted.length);
        }
    };
    await Promise.all(Array.from({ length: FETCHES_AT_ONCE }, work));
    return { files: files.filter(each => each !== undefined), total: wanted.length, errors };
}
