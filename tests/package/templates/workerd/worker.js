/** Answers a posted image with the hash of its mask, and any other request with the errors of what an edge runtime lacks. */
import wasm from 'sonomask/sonomask.simd.wasm';
import weights from 'sonomask/sonomask.safetensors';
import { Sonomask, SonomaskPool } from 'sonomask';

const codeOf = (work) => work.then(() => 'none', ({ code, message }) => `${code}: ${message}`);

export default {
    async fetch(request) {
        if (request.method !== 'POST')
            return Response.json([
                await codeOf(Sonomask.load({ weights })),
                await codeOf(Sonomask.load({ wasm })),
                await codeOf(Sonomask.load({ wasm: new Uint8Array(8), weights })),
                await codeOf(SonomaskPool.load({ wasm, weights })),
            ]);
        const sonomask = await Sonomask.load({ wasm, weights });
        const { mask } = await sonomask.segment(await request.arrayBuffer());
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', mask));
        return new Response(Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''));
    },
};
