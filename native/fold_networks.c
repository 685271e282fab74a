#include "fold_networks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../src/status.h"
#include "file.h"

static int images_of_fold(const sm_dataset *dataset, int fold) {
    int count = 0;
    for (int i = 0; i < dataset->count; i++)
        if (!dataset->records[i].exclude && dataset->records[i].fold == fold) count++;
    return count;
}

/** The network of a fold, which the caller frees: the best epoch where a training chose one, as fine-tunings do. NULL:
 * no memory. `*exists` is whether it may be there: one that cannot be read is an error later. */
static char *network_of(const char *folder, int fold, bool *exists) {
    static const char *const names[] = {"best", "weights"};
    char *path = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[48];
        snprintf(name, sizeof name, "fold%d/%s.safetensors", fold, names[i]);
        free(path);
        path = sm_path_join(folder, name);
        if (!path) return NULL;
        *exists = access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
        if (*exists) break;
    }
    return path;
}

static sm_status find(const char *folder, const sm_dataset *dataset, sm_fold_networks *networks, int *unused,
                      sm_error *error) {
    for (int fold = 0; fold < SM_FOLDS_MAX; fold++) {
        bool exists = false;
        char *path = network_of(folder, fold, &exists);
        if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of a model");
        const int images = images_of_fold(dataset, fold);
        if (!exists) {
            if (images > 0)
                fprintf(stderr, "sonomask: %d images of fold %d are left out: there is no %s\n", images, fold, path);
            free(path);
        } else if (images > 0) {
            networks->items[networks->count++] = (sm_fold_network){.path = path, .fold = fold};
        } else {
            fprintf(stderr, "sonomask: the data has no image in fold %d: %s is not used\n", fold, path);
            free(path);
            (*unused)++;
        }
    }
    return SM_OK;
}

sm_status sm_fold_networks_find(const char *folder, const sm_dataset *dataset, sm_fold_networks *networks,
                                sm_error *error) {
    int unused = 0;
    *networks = (sm_fold_networks){0};
    sm_status status = find(folder, dataset, networks, &unused, error);
    if (status == SM_OK && networks->count == 0)
        status = unused > 0 ? sm_fail(error, SM_ERROR_DATA, "%s: has no network for any fold of the data", folder)
                            : sm_fail(error, SM_ERROR_IO,
                                      "%s: has no fold0/weights.safetensors, fold1/weights.safetensors, ...", folder);
    if (status != SM_OK) sm_fold_networks_free(networks);
    return status;
}

void sm_fold_networks_free(sm_fold_networks *networks) {
    for (int i = 0; i < networks->count; i++) free(networks->items[i].path);
    *networks = (sm_fold_networks){0};
}
