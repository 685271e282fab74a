#include <stddef.h>

#include "descriptors.h"

/** The name at `index` of a list of `count`; NULL outside it. */
static const char *name_at(const char *const *names, unsigned index, unsigned count) {
    return index < count ? names[index] : NULL;
}

const char *sm_shape_name(sm_shape shape) {
    static const char *const names[SM_SHAPE_COUNT] = {"oval", "round", "irregular"};
    return name_at(names, (unsigned)shape, SM_SHAPE_COUNT);
}

const char *sm_margin_sign_name(sm_margin_sign sign) {
    switch (sign) {
    case SM_MARGIN_INDISTINCT:
        return "indistinct";
    case SM_MARGIN_ANGULAR:
        return "angular";
    case SM_MARGIN_MICROLOBULATED:
        return "microlobulated";
    case SM_MARGIN_SPICULATED:
        return "spiculated";
    }
    return NULL;
}

const char *sm_echo_name(sm_echo echo) {
    static const char *const names[SM_ECHO_COUNT] = {
        NULL, "anechoic", "hyperechoic", "complex cystic and solid", "hypoechoic", "isoechoic", "heterogeneous"};
    return name_at(names, (unsigned)echo, SM_ECHO_COUNT);
}

const char *sm_posterior_name(sm_posterior posterior) {
    static const char *const names[SM_POSTERIOR_COUNT] = {NULL, "no posterior features", "enhancement", "shadowing",
                                                          "combined pattern"};
    return name_at(names, (unsigned)posterior, SM_POSTERIOR_COUNT);
}
