#!/usr/bin/env node
/**
 * Builds the page as one HTML file that works by double-click, from disk and without any server:
 *
 *     node web/single.js FILE.html
 *
 * Pages from disk may not use module files, fetch or worker files, so the page contains everything: the modules joined into
 * one script, the workers as data URLs, the WebAssembly modules and the weights as base64. The content security policy names
 * each script and style sheet by its hash.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.js';
import { LIBRARIES } from './serve.js';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** Those of web/input/samples.js. */
const SAMPLES = ['phantom-1.png', 'phantom-2.png', 'phantom-3.png'];

/** Replaces engine/inlined.js; the elements that it reads are added to the page below. */
const INLINED = `
const bytesOf = id => {
    const text = atob(document.getElementById(id).textContent);
    return Uint8Array.from(text, letter => letter.charCodeAt(0));
};
const facts = JSON.parse(document.getElementById('inlined-facts').textContent);
export const inlined = {
    wasm: bytesOf('inlined-wasm'),
    weights: bytesOf('inlined-weights'),
    sha256: facts.sha256,
    card: facts.card,
    worker: 'data:text/javascript;base64,' + document.getElementById('inlined-worker').textContent,
    compareWorker: 'data:text/javascript;base64,' + document.getElementById('inlined-compare').textContent,
    decoder: 'data:text/javascript;base64,' + document.getElementById('inlined-decoder').textContent,
    openjpeg: bytesOf('inlined-openjpeg'),
    samples: Object.fromEntries(facts.samples.map(name => [name, bytesOf('inlined-' + name)])),
};
`;

/**
 * @param {string} file below the root
 * @returns {Promise<string>}
 */
function text(file) {
    return readFile(path.join(ROOT, file), 'utf8');
}

/**
 * @param {string} file below the root
 * @returns {Promise<string>} base64
 */
async function base64(file) {
    return (await readFile(path.join(ROOT, file))).toString('base64');
}

/**
 * @param {string} file below the root
 * @returns {Promise<string>} the module's source
 */
async function sourceOf(file) {
    if (file === 'web/engine/inlined.js') return INLINED;
    const library = /** @type {Record<string, string>} */ (LIBRARIES)[`/${file}`];
    return text(library ?? file);
}

/**
 * @param {string} entry a worker's script
 * @returns {Promise<string>} base64 of it and all that it imports
 */
async function joined(entry) {
    return Buffer.from((await bundle(entry, { read: sourceOf })).code).toString('base64');
}

/**
 * A script inside HTML ends at the first closing tag, even within a string.
 * @param {string} code
 */
function asScript(code) {
    return code.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
}

/** @param {string} content */
function hashOf(content) {
    return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
}

/** @returns {Promise<string>} the page */
async function build() {
    let html = await text('web/index.html');
    const sheets = [...html.matchAll(/<link rel="stylesheet" href="([^"]+)">\n?/g)].map(match => match[1]);
    const style = (await Promise.all(sheets.map(async sheet => (await bundle(`web/${sheet}`, { read: sourceOf })).code))).join('\n');
    const app = asScript((await bundle('web/app.js', { read: sourceOf })).code);
    const weights = await readFile(path.join(ROOT, 'weights/sonomask.safetensors'));
    const facts = {
        sha256: createHash('sha256').update(weights).digest('hex'),
        card: await text('weights/MODEL_CARD.md').catch(() => ''),
        samples: SAMPLES,
    };
    /** Data elements: browsers do not run a script of an unknown type. @type {[string, string][]} */
    const kept = [
        ['facts', JSON.stringify(facts).replaceAll('<', '\\u003c')],
        ['wasm', await base64('wasm/sonomask.simd.wasm')],
        ['weights', weights.toString('base64')],
        // As a data URL: Chromium starts no module worker from a blob of a page from disk.
        ['worker', await joined('wasm/worker.browser.js')],
        ['compare', await joined('web/compare/worker.js')],
        ['decoder', await joined('web/input/decoder.js')],
        ['openjpeg', await base64('wasm/vendor/openjpeg.wasm')],
    ];
    for (const name of SAMPLES) kept.push([name, await base64(`web/samples/${name}`)]);
    const policy = [
        "default-src 'none'",
        `script-src ${hashOf(app)} 'wasm-unsafe-eval'`,
        `style-src ${hashOf(style)}`,
        'worker-src data:',
        'img-src blob: data:',
        'media-src blob:',
        "base-uri 'none'",
        "form-action 'none'",
    ].join('; ');
    const scripts = [
        ...kept.map(([name, content]) => `<script type="text/plain" id="inlined-${name}">${content}</script>`),
        `<script type="module">${app}</script>`,
    ].join('\n');
    const picture = `data:image/png;base64,${await base64('web/samples/phantom-1.png')}`;
    html = html
        .replaceAll(/<link rel="preload"[^>]*>\n?/g, '')
        .replace(/(Content-Security-Policy" content=")[^"]+/, (_, start) => start + policy)
        .replace(/<link rel="manifest"[^>]*>\n?/, '')
        .replaceAll(/<script [^>]*><\/script>\n?/g, '')
        .replaceAll(/<link rel="stylesheet"[^>]*>\n?/g, '')
        .replace('href="samples/phantom-1.png"', () => `href="${picture}"`)
        .replace('</head>', () => `<style>${style}</style>\n</head>`)
        .replace('</body>', () => `${scripts}\n</body>`);
    return html;
}

const [output] = process.argv.slice(2);
if (!output) {
    process.stderr.write('usage: node web/single.js FILE.html\n');
    process.exitCode = 2;
} else {
    try {
        const html = await build();
        await writeFile(`${output}.tmp`, html);
        await rename(`${output}.tmp`, output);
        process.stderr.write(`${output}: ${(html.length / 1e6).toFixed(1)} MB\n`);
    } catch (error) {
        process.stderr.write(`single: ${error instanceof Error ? error.message : String(error)}\n`);
        process.exitCode = 1;
    }
}
