#include "fold_networks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../src/status.h"
#include "file.h"

static bool fold_has_images(const sm_dataset *dataset, int fold) {
    for (int i = 0; i < dataset->count; i++)
        if (!dataset->records[i].exclude && dataset->records[i].fold == fold) return true;
    return false;
}

static sm_status find(const char *folder, const sm_dataset *dataset, sm_fold_networks *networks, int *unused,
                      sm_error *error) {
    for (int fold = 0; fold < SM_FOLDS_MAX; fold++) {
        char name[48];
        snprintf(name, sizeof name, "fold%d/weights.safetensors", fold);
        char *path = sm_path_join(folder, name);
        if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of a model");
        /* Only a network that is not there is skipped; one that cannot be read is an error later. */
        if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
            free(path);
        } else if (fold_has_images(dataset, fold)) {
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
