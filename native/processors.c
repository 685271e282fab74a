#include "processors.h"

#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE = 4096 };

/** Reads the first line of FOLDER/NAME, without its end. */
static bool read_line(const char *folder, const char *name, char *line) {
    char path[2 * LINE_SIZE];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) return false;
    FILE *file = fopen(path, "re");
    if (!file) return false;
    const bool good = fgets(line, LINE_SIZE, file) != NULL;
    fclose(file);
    if (good) line[strcspn(line, "\n")] = '\0';
    return good;
}

static double quotient(const char *quota, const char *period) {
    const double time = strtod(quota, NULL), interval = strtod(period, NULL); // "max" and "-1": no limit
    return time > 0 && interval > 0 ? time / interval : INFINITY;
}

/** Version 2: cpu.max holds "QUOTA PERIOD" or "max PERIOD". */
static double quota_of_group_2(const char *folder) {
    char line[LINE_SIZE];
    if (!read_line(folder, "cpu.max", line)) return INFINITY;
    const char *space = strchr(line, ' ');
    return space ? quotient(line, space + 1) : INFINITY;
}

static double quota_of_group_1(const char *folder) {
    char quota[LINE_SIZE], period[LINE_SIZE];
    if (!read_line(folder, "cpu.cfs_quota_us", quota) || !read_line(folder, "cpu.cfs_period_us", period))
        return INFINITY;
    return quotient(quota, period);
}

/** The smallest quota of the group MOUNT/PATH and the groups above it. In a container some of them do not exist. */
static double quota_of_path(const char *mount, const char *path, double (*quota_of_group)(const char *)) {
    char folder[LINE_SIZE];
    double least = INFINITY;
    if (snprintf(folder, sizeof folder, "%s%s", mount, path) >= (int)sizeof folder) return least;
    for (;;) {
        least = fmin(least, quota_of_group(folder));
        char *slash = strrchr(folder, '/');
        if (!slash || slash < folder + strlen(mount)) return least;
        *slash = '\0';
    }
}

/** Whether the comma-separated list names the controller "cpu". */
static bool names_cpu(const char *list) {
    for (;; list++) {
        const size_t length = strcspn(list, ",");
        if (length == 3 && strncmp(list, "cpu", 3) == 0) return true;
        list += length;
        if (!*list) return false;
    }
}

/** /proc/self/cgroup has one line per hierarchy, "NUMBER:CONTROLLERS:PATH"; version 2 has no controllers. */
double sm_processors_quota(const char *root) {
    char name[LINE_SIZE], line[LINE_SIZE], mount[LINE_SIZE];
    double least = INFINITY;
    if (snprintf(name, sizeof name, "%s/proc/self/cgroup", root) >= (int)sizeof name) return least;
    FILE *file = fopen(name, "re");
    if (!file) return least;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path) continue;
        *path++ = '\0';
        controllers++;
        if (!*controllers) {
            snprintf(mount, sizeof mount, "%s/sys/fs/cgroup", root);
            least = fmin(least, quota_of_path(mount, path, quota_of_group_2));
        } else if (names_cpu(controllers)) {
            snprintf(mount, sizeof mount, "%s/sys/fs/cgroup/cpu", root);
            least = fmin(least, quota_of_path(mount, path, quota_of_group_1));
        }
    }
    fclose(file);
    return least;
}

static int processors_of_mask(void) {
    cpu_set_t set;
    // It fails on machines with more processors than the set can hold.
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > INT_MAX ? INT_MAX : (int)count;
}

int sm_processors_usable(const char *root) {
    const double quota = ceil(sm_processors_quota(root));
    const int count = processors_of_mask();
    return quota < count ? (int)fmax(quota, 1) : count;
}
