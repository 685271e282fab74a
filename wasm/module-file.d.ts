/** The WebAssembly module as bundlers and runtimes import it: its address, or compiled. For the option `wasm`. */
type CompiledModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : never;
declare const file: string | CompiledModule;
export default file;
