/** The weights as bundlers and runtimes import them: their address, or bytes. For the option `weights`. */
declare const file: string | ArrayBuffer | Uint8Array;
export default file;
