#!/usr/bin/env node
/**
 * Makes the libraries of the readers of DICOM and TIFF from node_modules:
 *
 *     node wasm/package/vendor.js FOLDER
 *
 * Each becomes one ES module, which browsers, workers and Node load in the same way. FOLDER is wasm/vendor; it is not
 * committed.
 */
import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const OPENJPEG = 'node_modules/@cornerstonejs/codec-openjpeg/dist/openjpegwasm_decode';

/** By name of the module: its exports. */
const MODULES = {
    'dicom-parser.js': `export { default } from './node_modules/dicom-parser/dist/dicomParser.min.js';`,
    'openjpeg.js': `export { default } from './${OPENJPEG}.js';`,
    'tiff.js': `export { decode } from 'tiff';`,
};

/** Modules of Node that the libraries would use there; they get all that they need by their parameters. */
const BUILTIN = /^(fs|path|zlib)$/;

/** @type {import('esbuild').Plugin} */
const withoutBuiltins = {
    name: 'without-builtins',
    setup({ onLoad, onResolve }) {
        onResolve({ filter: BUILTIN }, ({ path: name }) => ({ path: name, namespace: 'builtin' }));
        onLoad({ filter: /.*/, namespace: 'builtin' }, () => ({ contents: '', loader: 'js' }));
    },
};

/**
 * @param {string} source
 * @returns {Promise<string>} one module
 */
async function moduleOf(source) {
    const { outputFiles } = await build({
        stdin: { contents: source, resolveDir: ROOT },
        bundle: true,
        write: false,
        format: 'esm',
        platform: 'browser',
        target: 'esnext',
        minify: true,
        charset: 'utf8',
        legalComments: 'none',
        logLevel: 'error',
        plugins: [withoutBuiltins],
        // What is left of the branches for Node must not be taken as such by a module.
        define: { __dirname: '""', __filename: '""', 'process.on': 'Object' },
    });
    // The types of the libraries are not checked.
    return `// @ts-nocheck\n${outputFiles[0]?.text ?? ''}`;
}

const [folder] = process.argv.slice(2);
if (!folder) {
    process.stderr.write('usage: node wasm/package/vendor.js FOLDER\n');
    process.exitCode = 2;
} else {
    await mkdir(folder, { recursive: true });
    for (const [name, source] of Object.entries(MODULES)) {
        const file = path.join(folder, name);
        await writeFile(`${file}.tmp`, await moduleOf(source));
        await rename(`${file}.tmp`, file);
    }
    await copyFile(path.join(ROOT, `${OPENJPEG}.wasm`), path.join(folder, 'openjpeg.wasm'));
}
