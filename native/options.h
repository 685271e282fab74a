/** Reading option values: whole numbers and decimals in a range, with a clear line on stderr when they are not. */
#ifndef SONOMASK_OPTIONS_H
#define SONOMASK_OPTIONS_H

#include <stdbool.h>

/** Reads `text` into `*value`; false, with a message naming `option`, unless it is a whole number in low..high. */
bool sm_option_integer(const char *option, const char *text, long long low, long long high, long long *value);
/** The same for an int. */
bool sm_option_int(const char *option, const char *text, int low, int high, int *value);
/** The same for a decimal number. */
bool sm_option_decimal(const char *option, const char *text, double low, double high, float *value);

#endif
