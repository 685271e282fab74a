/** DICOM SEG and SR files, as independent programs judge and read them. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ROOT, execute } from './project.js';

const NEEDED = ['/usr/bin/dciodvfy', '/usr/bin/dcmdump', '/usr/bin/dsrdump', '/usr/bin/gdcmraw', '/usr/lib/python3/dist-packages/pydicom/__init__.py'];

/** @type {string | false} */
export const withoutJudges = NEEDED.every(file => existsSync(file)) ? false : 'dicom3tools, dcmtk, gdcm and pydicom are not installed';

/** What is left out with the patient, as each object is anonymous by default. */
const LEFT_OUT = /^Warning - <\/(PatientID\(0010,0020\)|StudyDate\(0008,0020\)|StudyTime\(0008,0030\)|StudyID\(0020,0010\))> - Missing attribute or value that would be needed to build DICOMDIR$/;
/** A code of the program's own scheme; the place is that of the scheme. */
const OWN_CODE = /^Warning - <\/.*CodingSchemeDesignator\(0008,0102\)\[1\]> - Unrecognized defined term = <99SONOMASK>$/;
/** Those that README names. */
const OWN_CODES = new Set([
    'HEIGHT-RATIO', 'AXIS-RATIO', 'ROUGHNESS', 'EDGE-CONTRAST', 'WEAK-EDGE', 'CORNERS', 'LOBES', 'SPICULES', 'ECHO-RATIO', 'ECHO-SPREAD', 'POSTERIOR-RATIO', 'HALO-RATIO',
    'NOT-CIRCUMSCRIBED', 'HETEROGENEOUS',
]);

/**
 * @param {string} file
 * @returns {Promise<{ codes: string[], faults: string[] }>} the codes of the program's own scheme as dcmdump of dcmtk prints them, in their
 *     order; and its complaints
 */
async function dumped(file) {
    const { stdout, stderr } = await execute('dcmdump', ['-M', file], { maxBuffer: 64e6 }).catch(error => ({ stdout: '', stderr: String(error) }));
    const codes = [...stdout.matchAll(/\(0008,0100\) SH \[([^\]]*)\][^\n]*\n\s*\(0008,0102\) SH \[99SONOMASK\]/g)].map(([, code = '']) => code);
    return { codes, faults: stderr.split('\n').filter(Boolean) };
}

/**
 * @param {string} file
 * @returns {Promise<string[]>} the errors of dciodvfy and dcmdump, and the warnings that are not exactly the known ones: what is left out with
 *     the patient, and a warning for each of the program's own codes
 */
export async function faultsOf(file) {
    const { stdout, stderr } = await new Promise(resolve => {
        execFile('dciodvfy', ['-new', file], { maxBuffer: 64e6 }, (_, out, err) => resolve({ stdout: String(out), stderr: String(err) }));
    });
    const lines = `${stdout}\n${stderr}`.split('\n').filter(line => /^(Error|Warning)/.test(line));
    const { codes, faults } = await dumped(file);
    const ofCodes = lines.filter(line => OWN_CODE.test(line)).length;
    // One more for the sequence that explains the scheme.
    const expected = codes.length + lines.filter(line => /CodingSchemeIdentificationSequence/.test(line)).length;
    return [
        ...lines.filter(line => !LEFT_OUT.test(line) && !OWN_CODE.test(line)), ...faults,
        ...codes.filter(code => !OWN_CODES.has(code)).map(code => `an unknown code: ${code}`),
        ...(ofCodes === expected ? [] : [`${ofCodes} warnings about own codes, and ${expected} own codes`]),
    ];
}

/**
 * @param {string[]} files
 * @returns {Promise<any[]>} what pydicom reads (tests/dicom/read_segmentation.py)
 */
export async function readByPydicom(files) {
    const { stdout } = await execute('/usr/bin/python3', [path.join(ROOT, 'tests/dicom/read_segmentation.py'), ...files]);
    return stdout.trim().split('\n').map(line => JSON.parse(line));
}
