/** Reading option values: numbers in a range, lists of words; with a clear line on stderr when they are not right. */
#ifndef SONOMASK_OPTIONS_H
#define SONOMASK_OPTIONS_H

#include <stdbool.h>

/** Reads `text` into `*value`; false, with a message naming `option`, unless it is a whole number in low..high. */
bool sm_option_integer(const char *option, const char *text, long long low, long long high, long long *value);
/** The same for an int. */
bool sm_option_int(const char *option, const char *text, int low, int high, int *value);
/** The same for a decimal number. */
bool sm_option_decimal(const char *option, const char *text, double low, double high, float *value);

/** Says that `command` does not know what to do with `word`; false. */
bool sm_option_unexpected(const char *command, const char *word);

/** What getopt_long returns for a word that is no option, when its option string is "-". */
enum { SM_OPTION_PLAIN_WORD = 1 };

/** The words of an option that takes one or more of them, such as --data PATH... */
typedef struct sm_option_words {
    const char **words; /**< [count], room for all of argv */
    int count;
    bool open; /**< plain words belong to the list as long as no other option has come */
} sm_option_words;

/** Takes a word into the list; false, with a message, when the list is not open. */
bool sm_option_word(const char *command, const char *word, sm_option_words *list);

#endif
