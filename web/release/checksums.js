/**
 * Writes the checksums of a release: node web/release/checksums.js FOLDER NAME
 *
 * SHA256SUMS is for `sha256sum --check`. integrity.json has the values of the integrity attribute (SRI, SHA-384) of all
 * files, those in the npm package included, for pages that load them from another server.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/**
 * @param {string} folder
 * @returns {{ path: string, bytes: Buffer }[]} its files, sorted by path
 */
function filesIn(folder) {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter(entry => entry.isFile())
        .map(entry => path.join(entry.parentPath ?? entry.path, entry.name))
        .sort()
        .map(file => ({ path: path.relative(folder, file), bytes: readFileSync(file) }));
}

/** @param {{ path: string, bytes: Buffer }[]} files */
function integrityOf(files) {
    return Object.fromEntries(files.map(file => [file.path, `sha384-${createHash('sha384').update(file.bytes).digest('base64')}`]));
}

/**
 * @param {string} folder
 * @param {string} name
 */
function write(folder, name) {
    const unpacked = mkdtempSync(path.join(folder, '.npm-'));
    let npm;
    try {
        execFileSync('tar', ['--extract', '--gzip', `--file=${folder}/${name}.tgz`, `--directory=${unpacked}`, '--strip-components=1']);
        npm = integrityOf(filesIn(unpacked));
    } finally {
        rmSync(unpacked, { recursive: true });
    }
    const integrity = { release: integrityOf(filesIn(folder)), npm };
    writeFileSync(path.join(folder, 'integrity.json'), `${JSON.stringify(integrity, null, 1)}\n`);
    const sums = filesIn(folder).map(file => `${createHash('sha256').update(file.bytes).digest('hex')}  ${file.path}\n`);
    writeFileSync(path.join(folder, 'SHA256SUMS'), sums.join(''));
}

const [folder, name] = process.argv.slice(2);
if (!folder || !name) {
    process.stderr.write('usage: node web/release/checksums.js FOLDER NAME\n');
    process.exitCode = 2;
} else {
    try {
        write(folder, name);
    } catch (error) {
        process.stderr.write(`checksums: ${error instanceof Error ? error.message : String(error)}\n`);
        process.exitCode = 1;
    }
}
