/** A file of options: what is read are names and values that are not empty, in the order of the lines. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "../../native/options_file.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char path[128];
    if (!*path) snprintf(path, sizeof path, "%s/options.ini", fuzz_scratch());
    fuzz_require(fuzz_write(fuzz_scratch(), "options.ini", data, size));
    sm_options_file file;
    sm_error error = {0};
    const sm_status status = sm_options_file_read(path, "train", &file, &error);
    if (status != SM_OK) fuzz_require(error.status == status && error.message[0] != '\0');
    int line = 0;
    for (int i = 0; i < file.count; i++) {
        const sm_option_entry *entry = &file.entries[i];
        fuzz_require(entry->value[0] != '\0' && entry->line > line);
        if (entry->continues) fuzz_require(i > 0 && strcmp(entry->name, entry[-1].name) == 0);
        line = entry->line;
    }
    sm_options_file_free(&file);
    return 0;
}
