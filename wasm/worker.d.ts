/**
 * The script of a worker of `SonomaskPool`, for bundlers that build workers from an entry of their own. It exports nothing:
 * it answers the messages of the pool.
 */
export {};
