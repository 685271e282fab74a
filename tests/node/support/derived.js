/** DICOM SEG and SR files, as independent programs judge and read them. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ROOT, execute } from './project.js';

const NEEDED = ['/usr/bin/dciodvfy', '/usr/bin/dsrdump', '/usr/bin/gdcmraw', '/usr/lib/python3/dist-packages/pydicom/__init__.py'];

/** @type {string | false} */
export const withoutJudges = NEEDED.every(file => existsSync(file)) ? false : 'dicom3tools, dcmtk, gdcm and pydicom are not installed';

/**
 * Warnings that the objects have on purpose: what is left out with the patient, and the program's own codes.
 */
const EXPLAINED = /needed to build DICOMDIR|<99SONOMASK>/;

/**
 * @param {string} file
 * @returns {Promise<string[]>} the errors of dciodvfy, and its warnings that are not explained
 */
export async function faultsOf(file) {
    const { stdout, stderr } = await new Promise(resolve => {
        execFile('dciodvfy', ['-new', file], (_, out, err) => resolve({ stdout: String(out), stderr: String(err) }));
    });
    return `${stdout}\n${stderr}`.split('\n').filter(line => /^(Error|Warning)/.test(line) && !EXPLAINED.test(line));
}

/**
 * @param {string[]} files
 * @returns {Promise<any[]>} what pydicom reads (tests/dicom/read_segmentation.py)
 */
export async function readByPydicom(files) {
    const { stdout } = await execute('/usr/bin/python3', [path.join(ROOT, 'tests/dicom/read_segmentation.py'), ...files]);
    return stdout.trim().split('\n').map(line => JSON.parse(line));
}
