/** Registers the service worker and makes it cache the page's files, so that the page opens with the network off. */
import { earlyFiles } from '../engine/early.js';
import { noteOffline } from './browser.js';

const LONGEST_WAIT = 10000; // milliseconds

/** Files that are loaded on demand and needed offline too. */
const ON_DEMAND = [
    'late.js',
    'compare/worker.js',
    'vendor/fflate.js',
    'input/browser-still.js',
    'input/decoder.js',
    'input/decoding.js',
    'input/dicom.js',
    'input/tiff.js',
    'input/video.js',
    'input/rate.js',
    'engine/worker.js',
    'engine/load.js',
    '../wasm/worker-calls.js',
    '../wasm/vendor/openjpeg.wasm',
    'samples/phantom-1.png',
    'samples/phantom-2.png',
    'samples/phantom-3.png',
    'icons/logo.svg',
    'icons/logo-192.png',
    'manifest.webmanifest',
];

/**
 * Notes whether the page opens with the network off: not where there are no service workers, such as in some private windows.
 * @returns {Promise<void>} when everything is cached, or after some seconds
 */
export async function registerOffline() {
    if (location.protocol === 'file:') {
        noteOffline(true);
        return;
    }
    try {
        // A classic script: Firefox has had module scripts here for a short time only.
        const registration = await navigator.serviceWorker.register(new URL('../sw.js', import.meta.url));
        const worker = registration.active ?? registration.waiting ?? registration.installing;
        const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
        const wanted = ON_DEMAND.map(path => new URL(`../${path}`, import.meta.url).href);
        const addresses = [...new Set([location.href.replace(/#.*$/, ''), ...loaded, ...earlyFiles(), ...wanted])];
        await new Promise(resolve => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => {
                noteOffline(true);
                resolve(undefined);
            };
            setTimeout(resolve, LONGEST_WAIT);
            worker?.postMessage({ keep: addresses.filter(address => address.startsWith(location.origin)) }, [channel.port2]);
        });
    } catch {
        // There is no navigator.serviceWorker, or it is forbidden. Without it the page works, but not offline.
        noteOffline(false);
    }
}
