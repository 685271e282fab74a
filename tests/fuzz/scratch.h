/** A folder in memory (or in the folder for temporary files) that fuzz targets write their inputs to. */
#ifndef SONOMASK_FUZZ_SCRATCH_H
#define SONOMASK_FUZZ_SCRATCH_H

#include <stddef.h>

/** Made at the first call and removed, with what is in it, when the process ends. Ends with no slash. */
const char *fuzz_scratch(void);
/** Writes FOLDER/NAME; false when that name is not possible. */
int fuzz_write(const char *folder, const char *name, const void *bytes, size_t size);
/** A grey PNG of 8 x 8 pixels; `*size` is its length. Static. */
const void *fuzz_png(size_t *size);
/** Removes what is in `folder`, and with `itself` the folder. */
void fuzz_clear(const char *folder, int itself);

#endif
