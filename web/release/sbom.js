/**
 * Writes the bill of materials of a release (SPDX 2.3, JSON): node web/release/sbom.js FOLDER NAME
 *
 * One package per file of the release, each with the components of others that it contains. Versions are those of the
 * headers, tools and packages that this build used. THIRD_PARTY_NOTICES.md has the licence texts.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * @param {string} file
 * @param {RegExp[]} patterns
 * @returns {string} their first groups, joined by points
 */
function versionIn(file, ...patterns) {
    const text = readFileSync(file, 'utf8');
    return patterns.map(pattern => {
        const found = pattern.exec(text)?.[1];
        if (found === undefined) throw new Error(`${file}: no version ${pattern}`);
        return found;
    }).join('.');
}

/**
 * @param {string} program
 * @param {RegExp} pattern
 */
function versionOf(program, pattern) {
    const text = execFileSync(program, ['--version'], { encoding: 'utf8' });
    const found = pattern.exec(text)?.[1];
    if (found === undefined) throw new Error(`${program}: no version`);
    return found;
}

/** @param {string} name of an npm package */
function npmVersion(name) {
    return /** @type {string} */ (JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')).packages[`node_modules/${name}`].version);
}

/**
 * @typedef {object} Component
 * @property {string} version
 * @property {string} license SPDX
 * @property {string} copyright
 * @property {string} address
 * @property {string} [purl]
 */

/** @returns {Record<string, Component>} */
function components() {
    const emscripten = versionOf(process.env.EMCC ?? 'emcc', /\b(\d+\.\d+\.\d+)\b/);
    const simde = '/usr/include/simde/simde-common.h';
    return {
        stb_image: {
            version: versionIn('/usr/include/stb/stb_image.h', /stb_image - v(\d+\.\d+)/),
            license: 'MIT OR Unlicense', copyright: 'Copyright 2017 Sean Barrett', address: 'https://github.com/nothings/stb',
        },
        stb_image_write: {
            version: versionIn('/usr/include/stb/stb_image_write.h', /stb_image_write - v(\d+\.\d+)/),
            license: 'MIT OR Unlicense', copyright: 'Copyright 2017 Sean Barrett', address: 'https://github.com/nothings/stb',
        },
        simde: {
            version: versionIn(simde, /SIMDE_VERSION_MAJOR (\d+)/, /SIMDE_VERSION_MINOR (\d+)/, /SIMDE_VERSION_MICRO (\d+)/),
            license: 'MIT', copyright: 'Copyright 2013-2021 Evan Nemerson and others',
            address: 'https://github.com/simd-everywhere/simde',
        },
        musl: {
            version: `in-emscripten-${emscripten}`, license: 'MIT', copyright: 'Copyright 2005-2020 Rich Felker and others',
            address: 'https://musl.libc.org',
        },
        dlmalloc: {
            version: `in-emscripten-${emscripten}`, license: 'CC0-1.0', copyright: 'NONE',
            address: 'https://gee.cs.oswego.edu/dl/html/malloc.html',
        },
        emscripten: {
            version: emscripten, license: 'MIT OR NCSA', copyright: 'Copyright The Emscripten Authors',
            address: 'https://emscripten.org',
        },
        'dicom-parser': {
            version: npmVersion('dicom-parser'), license: 'MIT', copyright: 'Copyright 2014 Chris Hafey',
            address: 'https://github.com/cornerstonejs/dicomParser', purl: `pkg:npm/dicom-parser@${npmVersion('dicom-parser')}`,
        },
        'codec-openjpeg': {
            version: npmVersion('@cornerstonejs/codec-openjpeg'), license: 'MIT', copyright: 'Copyright Chris Hafey',
            address: 'https://github.com/cornerstonejs/codecs', purl: `pkg:npm/%40cornerstonejs/codec-openjpeg@${npmVersion('@cornerstonejs/codec-openjpeg')}`,
        },
        openjpeg: {
            version: `in-codec-openjpeg-${npmVersion('@cornerstonejs/codec-openjpeg')}`, license: 'BSD-2-Clause',
            copyright: 'Copyright 2002-2014 Universite catholique de Louvain and others', address: 'https://www.openjpeg.org',
        },
        tiff: {
            version: npmVersion('tiff'), license: 'MIT', copyright: 'Copyright 2015 Michael Zasso',
            address: 'https://github.com/image-js/tiff', purl: `pkg:npm/tiff@${npmVersion('tiff')}`,
        },
        iobuffer: {
            version: npmVersion('iobuffer'), license: 'MIT', copyright: 'Copyright 2015 Michael Zasso',
            address: 'https://github.com/image-js/iobuffer', purl: `pkg:npm/iobuffer@${npmVersion('iobuffer')}`,
        },
        fflate: {
            version: npmVersion('fflate'), license: 'MIT', copyright: 'Copyright Arjun Barrett',
            address: 'https://github.com/101arrowz/fflate', purl: `pkg:npm/fflate@${npmVersion('fflate')}`,
        },
    };
}

/** What wasm/vendor holds: the npm package and the page have it. */
const READERS = ['dicom-parser', 'codec-openjpeg', 'openjpeg', 'tiff', 'iobuffer', 'fflate'];
const IN_WASM = ['stb_image', 'simde', 'musl', 'dlmalloc', 'emscripten'];
const IN_PACKAGE = [...IN_WASM, ...READERS];

/**
 * What a file of the release is, and the components in it.
 * @param {string} file
 * @param {string} name
 */
function kindOf(file, name) {
    if (file === `${name}.tgz`) return { title: 'npm package', contents: IN_PACKAGE, purl: `pkg:npm/sonomask@${name.split('-')[1]}` };
    if (file.endsWith('.whl')) return { title: 'Python wheel', contents: ['stb_image', 'stb_image_write', 'simde'], purl: `pkg:pypi/sonomask@${name.split('-')[1]}` };
    if (file === `${name}.tar.gz`) return { title: 'source archive', contents: [] };
    if (file === `${name}.html`) return { title: 'page as one file', contents: IN_PACKAGE };
    if (file === `${name}-site.tar.gz`) return { title: 'page for web servers', contents: IN_PACKAGE };
    throw new Error(`${file} is not a known file of a release`);
}

/**
 * @param {string} name
 * @param {Component} component
 */
function packageOf(name, { version, license, copyright, address, purl }) {
    return {
        SPDXID: `SPDXRef-${name.replaceAll('_', '-')}`,
        name,
        versionInfo: version,
        downloadLocation: address,
        filesAnalyzed: false,
        licenseConcluded: license,
        licenseDeclared: license,
        copyrightText: copyright,
        ...(purl && { externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }] }),
    };
}

/**
 * @param {string} folder
 * @param {string} name
 */
function write(folder, name) {
    const known = components();
    const version = name.split('-')[1] ?? '';
    /** @type {object[]} */
    const packages = Object.entries(known).map(([component, facts]) => packageOf(component, facts));
    /** @type {object[]} */
    const relationships = [];
    const digests = createHash('sha256');
    const files = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isFile()).map(entry => entry.name).sort();
    for (const [index, file] of files.entries()) {
        const { title, contents, purl } = kindOf(file, name);
        const digest = createHash('sha256').update(readFileSync(path.join(folder, file))).digest('hex');
        digests.update(`${digest}  ${file}\n`);
        const id = `SPDXRef-release-${index + 1}`;
        packages.push({
            ...packageOf('sonomask', { version, license: 'MIT', copyright: 'NOASSERTION', address: 'NOASSERTION', ...(purl && { purl }) }),
            SPDXID: id,
            summary: `sonomask: ${title}`,
            packageFileName: file,
            checksums: [{ algorithm: 'SHA256', checksumValue: digest }],
        });
        relationships.push({ spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: id });
        for (const component of contents)
            relationships.push({ spdxElementId: id, relationshipType: 'CONTAINS', relatedSpdxElement: `SPDXRef-${component.replaceAll('_', '-')}` });
        if (file.endsWith('.whl')) {
            const numpy = packageOf('numpy', { version: '1.21', license: 'BSD-3-Clause', copyright: 'NOASSERTION', address: 'https://numpy.org', purl: 'pkg:pypi/numpy' });
            packages.push({ ...numpy, versionInfo: '1.21 or later' });
            relationships.push({ spdxElementId: id, relationshipType: 'DEPENDS_ON', relatedSpdxElement: 'SPDXRef-numpy' });
        }
    }
    const seconds = Number(process.env.SOURCE_DATE_EPOCH);
    const document = {
        spdxVersion: 'SPDX-2.3',
        dataLicense: 'CC0-1.0',
        SPDXID: 'SPDXRef-DOCUMENT',
        name,
        documentNamespace: `https://spdx.org/spdxdocs/${name}-${digests.digest('hex')}`,
        creationInfo: {
            created: new Date(1000 * seconds).toISOString().replace('.000', ''),
            creators: [`Tool: sonomask-${version}`],
        },
        packages,
        relationships,
    };
    writeFileSync(path.join(folder, `${name}.spdx.json`), `${JSON.stringify(document, null, 1)}\n`);
}

const [folder, name] = process.argv.slice(2);
if (!folder || !name) {
    process.stderr.write('usage: node web/release/sbom.js FOLDER NAME\n');
    process.exitCode = 2;
} else {
    try {
        write(folder, name);
    } catch (error) {
        process.stderr.write(`sbom: ${error instanceof Error ? error.message : String(error)}\n`);
        process.exitCode = 1;
    }
}
