/** The package as plain files on two origins: the page's own server and a CDN, with faults on demand. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { serve } from './browser.js';
import { makeProject } from './package.js';

export const SONOMASK = '/node_modules/sonomask/wasm/sonomask.js';
export const SIMD = '/node_modules/sonomask/wasm/sonomask.simd.wasm';
const WEIGHTS = '/node_modules/sonomask/weights/sonomask.safetensors';
export const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'";

/**
 * In the page: loads the package, segments the image, and returns the hash of the mask, or code and message of the error.
 * @param {{ module: string, kind: string, options?: object, image: string }} task
 * @returns {Promise<{ mask?: string, backend?: string, error?: string }>}
 */
export async function attemptIn({ module, kind, options = {}, image }) {
    const { [kind]: Kind } = await import(module);
    const bytes = Uint8Array.from(atob(image), (letter) => letter.charCodeAt(0));
    try {
        const engine = await Kind.load(options);
        const { mask } = await engine.segment(new Blob([bytes]));
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', mask));
        const { backend } = engine.info;
        engine.dispose();
        return { backend, mask: Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') };
    } catch (error) {
        return { error: `${/** @type {any} */ (error).code}: ${/** @type {any} */ (error).message}` };
    }
}

/** What the server does with some addresses, and the start of the message of each. @type {[options: object, message: RegExp][]} */
export const FAULTS = [
    [{ wasm: '/page.wasm' }, /^load-wasm: .*page\.wasm: it is an HTML page/],
    [{ wasm: '/none.wasm' }, /^load-wasm: .*none\.wasm: HTTP 404/],
    [{ wasm: '/cut.wasm' }, /^load-wasm: .*cut\.wasm: it does not compile/],
    [{ weights: '/page.safetensors' }, /^load-weights: .*page\.safetensors: it is an HTML page/],
    [{ weights: '/cut.safetensors' }, /^weights: the weights from .*cut\.safetensors: ./],
];

/**
 * @typedef {object} Hosts
 * @property {Record<string, string>} headers of the page's own server: set them before a page opens
 * @property {string} address of the page's own server
 * @property {string} cdn address of the same files on another origin
 * @property {() => void} close
 */

/**
 * @param {string} name of the project
 * @returns {Promise<Hosts>}
 */
export async function startHosts(name) {
    const folder = await makeProject(name, ['hosting'], { 'index.html': '<!doctype html><title>sonomask</title>' });
    const module = await readFile(path.join(folder, SIMD));
    const weights = await readFile(path.join(folder, WEIGHTS));
    /** @type {Hosts} */
    const hosts = { headers: {}, address: '', cdn: '', close() {} };
    const site = await serve(folder, ({ url = '' }, response) => {
        // A sandboxed frame is of another origin than its own server.
        response.setHeader('access-control-allow-origin', '*');
        for (const [header, value] of Object.entries(hosts.headers)) response.setHeader(header, value);
        if (url === '/page.wasm' || url === '/page.safetensors') response.end('<!DOCTYPE html><title>Not found</title>');
        else if (url === '/text.wasm') response.writeHead(200, { 'content-type': 'text/plain' }).end(module);
        else if (url === '/cut.wasm') response.writeHead(200, { 'content-type': 'application/wasm' }).end(module.subarray(0, 99_999));
        else if (url === '/cut.safetensors') response.end(weights.subarray(0, 999_999));
        else return false;
        return true;
    });
    const cdn = await serve(folder, (_, response) => { response.setHeader('access-control-allow-origin', '*'); });
    return Object.assign(hosts, {
        address: site.address,
        cdn: cdn.address,
        close() {
            site.close();
            cdn.close();
        },
    });
}
