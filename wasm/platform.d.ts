/** What differs between runtimes: where the package's files are, how files are read, how workers start. Types only. */
import type { PoolOptions, Source } from './sonomask.js';

/** Handlers for the events of a worker. */
export interface WorkerEvents {
    message: (message: any) => void;
    /** It could not start or ended; it cannot be used again. */
    failure: (reason: string) => void;
}

export interface WorkerHandle {
    post: (message: unknown, transfer: ArrayBuffer[]) => void;
    terminate: () => void;
    /** An idle worker does not keep a Node process alive. */
    setBusy: (busy: boolean) => void;
}

export type WorkerFactory = (events: WorkerEvents) => WorkerHandle;

export interface Platform {
    /** The package's own module for this engine. Throws `load-wasm` where the package has none. */
    wasm(): Source;
    /** The package's own weights. Throws `load-weights` where the package has none. */
    weights(): Source;
    /** Whether the runtime compiles WebAssembly from bytes. Where it does not, the module must be given compiled. */
    compiles: boolean;
    /** Reads a file; null where there are none: there every string is an address. */
    readFile: ((file: URL | string, signal: AbortSignal | undefined) => Promise<Uint8Array<ArrayBuffer>>) | null;
    /** `script` is the option `worker`; by default the package's own worker. Throws `worker` where there are no workers. */
    workers(script: PoolOptions['worker']): Promise<WorkerFactory>;
    /** Processors that may be used. */
    processorCount(): Promise<number>;
}
