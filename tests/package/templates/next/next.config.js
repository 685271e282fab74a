import path from 'node:path';

/** @type {import('next').NextConfig} */
export default {
    // In route handlers the package is used from node_modules, as in any program for Node.
    serverExternalPackages: ['sonomask'],
    // Next itself is installed above this folder.
    turbopack: { root: path.resolve(import.meta.dirname, '../..') },
    outputFileTracingRoot: path.resolve(import.meta.dirname, '../..'),
};
