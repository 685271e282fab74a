/**
 * Writes the page as a folder for a web server: node web/release/site.js FOLDER [DICOMWEB]
 *
 * FOLDER/public is the document root, with the same content as the development server (web/serve.js) sends, joined
 * modules included. With DICOMWEB, the path of an archive's services on the same server such as /dicom-web, the page opens
 * and stores studies there. The configurations of web servers are beside it, with the headers that the development server sends.
 */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { createPageServer, LIBRARIES } from '../serve.js';
import { HEADERS } from './headers.js';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const HOSTING = path.join(ROOT, 'web/release/hosting');

/** Files of these folders that the page does not load. */
const TOOLS = [
    /^web\/(serve|bundle|single)\.js$/, /^web\/(screenshots|api)\//, /^wasm\/cli/, /^wasm\/(package|orthanc)\//,
    /\.(ts|c|h|md)$/, /^weights\/(tables|folds)\//, /^weights\/[^/]*\.(js|sh|svg)$/,
];

/**
 * @param {string} folder below the root
 * @returns {Promise<string[]>} its files, sorted, without tools
 */
async function filesOf(folder) {
    const entries = await readdir(path.join(ROOT, folder), { recursive: true, withFileTypes: true });
    return entries
        .filter(entry => entry.isFile())
        .map(entry => path.relative(ROOT, path.join(entry.parentPath ?? entry.path, entry.name)))
        .filter(file => !TOOLS.some(tool => tool.test(file)))
        .sort();
}

/**
 * @param {string} html the page
 * @param {string} dicomweb
 * @returns {string} it names the archive; where that asks for a password, the manifest is fetched with it
 */
function besideArchive(html, dicomweb) {
    return html
        .replace('</head>', () => `<meta name="dicomweb" content="${dicomweb}">\n</head>`)
        .replace('<link rel="manifest"', '<link rel="manifest" crossorigin="use-credentials"');
}

/**
 * @param {string} file
 * @param {string | Uint8Array} content
 */
async function write(file, content) {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
}

/**
 * @param {string} target
 * @param {string} [dicomweb]
 */
async function build(target, dicomweb) {
    const server = createPageServer();
    server.listen(0, 'localhost');
    await once(server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    const files = [
        ...(await Promise.all(['web', 'wasm', 'weights'].map(filesOf))).flat(),
        'weights/MODEL_CARD.md',
        ...Object.keys(LIBRARIES).map(address => address.slice(1)),
    ];
    try {
        for (const file of new Set(files)) {
            const response = await fetch(`http://localhost:${port}/${file}`);
            // Files of a kind that is not served, such as sources of pictures, do not belong to the page.
            if (response.status === 404) continue;
            if (!response.ok) throw new Error(`${file}: ${response.status}`);
            const content = Buffer.from(await response.arrayBuffer());
            await write(path.join(target, 'public', file), file === 'web/index.html' && dicomweb ? besideArchive(content.toString(), dicomweb) : content);
        }
    } finally {
        server.close();
        server.closeAllConnections();
    }
    for (const name of ['LICENSE', 'THIRD_PARTY_NOTICES.md']) {
        await copyFile(path.join(ROOT, name), path.join(target, name));
        await copyFile(path.join(ROOT, name), path.join(target, 'public', name));
    }
    for (const name of (await readdir(HOSTING)).sort()) {
        const text = await readFile(path.join(HOSTING, name), 'utf8');
        const filled = text.replaceAll(/^(.*)@HEADERS@$/gm, (_, indent) => HEADERS[name]?.(indent) ?? '');
        if (/@[A-Z]+@/.test(filled)) throw new Error(`web/release/hosting/${name}: a mark is not filled in`);
        const published = name === '_headers' || name === 'index.html';
        await write(path.join(target, published ? 'public' : '', name), filled);
    }
}

const [target, dicomweb] = process.argv.slice(2);
if (!target || (dicomweb && !/^\/[\w/.-]*$/.test(dicomweb))) {
    process.stderr.write('usage: node web/release/site.js FOLDER [DICOMWEB]\n');
    process.exitCode = 2;
} else {
    try {
        await build(target, dicomweb);
    } catch (error) {
        process.stderr.write(`site: ${error instanceof Error ? error.message : String(error)}\n`);
        process.exitCode = 1;
    }
}
