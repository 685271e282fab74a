/** The processors that this process may use. */
#ifndef SONOMASK_PROCESSORS_H
#define SONOMASK_PROCESSORS_H

/**
 * The CPU quota of the process, in processors: the smallest one of its control group (cgroup v2 or v1) and the groups
 * above that; INFINITY when there is none. `root` is put before "/proc/self/cgroup" and "/sys/fs/cgroup": "" except in
 * tests.
 */
double sm_processors_quota(const char *root);
/** The processors of the affinity mask, but not more than the quota, rounded up; at least 1. */
int sm_processors_usable(const char *root);

#endif
