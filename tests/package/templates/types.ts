import { Sonomask, SonomaskPool, SonomaskError, type Lesion, type LoadOptions } from 'sonomask';
import module from 'sonomask/sonomask.simd.wasm';
import weights from 'sonomask/sonomask.safetensors';
import 'sonomask/worker';

export async function use(file: Uint8Array): Promise<number | undefined> {
    const options: LoadOptions = { wasm: module, weights };
    const sonomask = await Sonomask.load(options);
    const { lesions, mask, probabilities, probabilityMap } = await sonomask.segment(file, { threshold: 0.4 });
    const largest: Lesion | undefined = lesions[0];
    const png: Uint8Array = sonomask.encodePng(mask, 2, 2);
    const first: number | undefined = probabilityMap[0];
    const pool: SonomaskPool = await SonomaskPool.load({ size: 2, worker: new URL('https://localhost/worker.js') });
    await pool.segment({ data: png, width: 2, height: 2 }, { signal: AbortSignal.abort() });
    try {
        sonomask.contours(mask, 2, 2);
    } catch (error) {
        if (error instanceof SonomaskError && error.code === 'memory') return first;
    }
    // @ts-expect-error a path is not an image
    await sonomask.segment('scan.png');
    // @ts-expect-error no such class
    probabilities.cyst;
    // @ts-expect-error made by load only
    new Sonomask();
    return largest?.longAxis;
}
