import { Sonomask, SonomaskPool } from 'sonomask';

export async function use(bytes: ArrayBuffer): Promise<Blob> {
    const compiled: WebAssembly.Module = await WebAssembly.compile(bytes);
    const sonomask = await Sonomask.load({ wasm: compiled, weights: null });
    const { mask, width, height } = await sonomask.segment(new ImageData(4, 4));
    await SonomaskPool.load({ worker: () => new Worker('worker.js', { type: 'module' }) });
    // @ts-expect-error a number is no module
    await Sonomask.load({ wasm: 7 });
    // @ts-expect-error the function must start a worker
    await SonomaskPool.load({ worker: () => 7 });
    const image = await sonomask.decode(bytes);
    if (image.channels === 4) new ImageData(image.data, image.width, image.height);
    return new Blob([sonomask.encodePng(mask, width, height)]);
}
