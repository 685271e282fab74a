/** Registers the service worker and makes it cache the page's files, so that the page opens with the network off. */

/** Files that are loaded on demand and needed offline too. */
const ON_DEMAND = [
    'late.js',
    'compare/worker.js',
    'vendor/dicom-parser.js',
    'vendor/fflate.js',
    'input/dicom.js',
    'input/dicom-library.js',
    'input/dicom-pixels.js',
    'input/video.js',
    'input/rate.js',
    'engine/worker.js',
    '../wasm/worker.browser.js',
    '../wasm/worker-calls.js',
    'samples/phantom-1.png',
    'samples/phantom-2.png',
    'samples/phantom-3.png',
    'icons/logo.svg',
    'icons/logo-192.png',
    'manifest.webmanifest',
];

/** @returns {Promise<void>} when everything is cached, or when the browser has no service workers */
export async function registerOffline() {
    if (!('serviceWorker' in navigator) || !isSecureContext || !location.protocol.startsWith('http')) return;
    try {
        const registration = await navigator.serviceWorker.register(new URL('../sw.js', import.meta.url), { type: 'module' });
        const worker = registration.active ?? registration.waiting ?? registration.installing;
        const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
        const wanted = ON_DEMAND.map(path => new URL(`../${path}`, import.meta.url).href);
        const addresses = [...new Set([location.href.replace(/#.*$/, ''), ...loaded, ...wanted])];
        await new Promise(resolve => {
            const channel = new MessageChannel();
            channel.port1.onmessage = resolve;
            setTimeout(resolve, 10000);
            worker?.postMessage({ keep: addresses.filter(address => address.startsWith(location.origin)) }, [channel.port2]);
        });
    } catch {
        // Without it the page works, but not offline.
    }
}
