/** Answers an image with the hash of its mask, and with the error of SonomaskPool. */
import { Sonomask, SonomaskPool } from './node_modules/sonomask/wasm/sonomask.js';

addEventListener('message', async ({ data, ports: [port] }) => {
    try {
        const sonomask = await Sonomask.load();
        const { mask } = await sonomask.segment(data);
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', mask));
        const error = await SonomaskPool.load().then(() => 'none', ({ code, message }) => `${code}: ${message}`);
        port.postMessage({ mask: Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''), error });
    } catch (error) {
        port.postMessage({ mask: String(error), error: '' });
    }
});
