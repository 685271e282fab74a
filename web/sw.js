/**
 * Caches the page for use with the network off. Network first: the cache answers only when the network does not. It
 * handles the page's own files only.
 */
const CACHE = 'sonomask-1';
const scope = /** @type {any} */ (globalThis);

scope.addEventListener('install', () => scope.skipWaiting());

scope.addEventListener('activate', (/** @type {any} */ event) => {
    event.waitUntil(
        caches
            .keys()
            .then(names => Promise.all(names.filter(name => name !== CACHE).map(name => caches.delete(name))))
            .then(() => scope.clients.claim()),
    );
});

/** @param {string[]} addresses of the page's own origin */
async function keep(addresses) {
    const cache = await caches.open(CACHE);
    await Promise.all(addresses.map(address => cache.add(address).catch(() => undefined)));
}

scope.addEventListener('message', (/** @type {any} */ event) => {
    event.waitUntil(keep(event.data.keep).then(() => event.ports[0]?.postMessage('kept')));
});

/** @param {Request} request */
async function answer(request) {
    const cache = await caches.open(CACHE);
    try {
        const response = await fetch(request);
        if (response.ok) await cache.put(request, response.clone());
        return response;
    } catch (error) {
        const kept = await cache.match(request, { ignoreSearch: true, ignoreVary: true });
        if (kept) return kept;
        throw error;
    }
}

scope.addEventListener('fetch', (/** @type {any} */ event) => {
    const { request } = event;
    // Studies and images of an archive are not to be kept. The mode of the cache is not the page's in all browsers.
    if (request.headers.get('accept')?.includes('dicom')) return;
    if (request.method === 'GET' && new URL(request.url).origin === location.origin) event.respondWith(answer(request));
});
