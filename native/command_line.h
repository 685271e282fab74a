/**
 * Command lines: one table per command, from which its arguments are read (by getopt_long) and its --help is printed.
 * A table names the fields of the command's own struct of arguments by their offsets; the values that the fields hold
 * before parsing are the defaults.
 */
#ifndef SONOMASK_COMMAND_LINE_H
#define SONOMASK_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "../src/status.h"
#include "json.h"

typedef enum sm_option_kind {
    SM_OPTION_FLAG,    /**< no value; the field, a bool, becomes true */
    SM_OPTION_NO_FLAG, /**< no value; the field, a bool, becomes false */
    SM_OPTION_TEXT,    /**< const char * */
    SM_OPTION_INTEGER, /**< int from low to high */
    SM_OPTION_SEED,    /**< uint64_t from 0 to INT64_MAX; a larger value in the field: not given */
    SM_OPTION_DECIMAL, /**< float from low to high */
    SM_OPTION_CHOICE,  /**< int: place in `choices` */
    SM_OPTION_LIST,    /**< sm_words: the value and the words after it, up to the next option */
    SM_OPTION_FILE,    /**< const char *: a file of further options, see SM_OPTIONS_OPTION */
    SM_OPTION_CUSTOM   /**< read by `take` */
} sm_option_kind;

/** Words of the command line or of a file of options, in their order. Zero-initialise; released by sm_command_line_run.
 */
typedef struct sm_words {
    const char **words; /**< [count], pointing into argv or into the file of options */
    int count;
} sm_words;

typedef struct sm_option {
    const char *name;  /**< without the dashes */
    const char *value; /**< name of the value in the help; NULL for flags */
    const char *help;  /**< what the option does; range and default are added to it */
    sm_option_kind kind;
    size_t offset;              /**< of the field in the struct of arguments */
    double low, high;           /**< the valid range of a number */
    const char *default_text;   /**< what applies without the option, where the field's first value does not show it */
    const char *const *choices; /**< NULL-terminated */
    /** Reads the text into the arguments; NULL when it is valid, else what is expected ("must be ..."). */
    const char *(*take)(void *arguments, const char *text);
    bool required;
} sm_option;

/* Options that several commands have; `field` is the offset in the struct of arguments. */
#define SM_DATA_OPTION(field)                                                                                          \
    {                                                                                                                  \
        .name = "data", .value = "PATH...",                                                                            \
        .help = "data sets: manifest.csv files, folders that hold one, or folders in the published BUSI layout "       \
                "(benign/, malignant/, normal/)",                                                                      \
        .kind = SM_OPTION_LIST, .offset = (field), .required = true                                                    \
    }
#define SM_MODEL_SIZE_OPTION(field)                                                                                    \
    {                                                                                                                  \
        .name = "size", .value = "N", .help = "side of the network's square input in pixels",                          \
        .default_text = "the model's own", .kind = SM_OPTION_INTEGER, .offset = (field), .low = 32, .high = 1024       \
    }
#define SM_THREADS_OPTION(field)                                                                                       \
    {                                                                                                                  \
        .name = "threads", .value = "N", .help = "number of threads", .default_text = "one per processor",             \
        .kind = SM_OPTION_INTEGER, .offset = (field), .low = 1, .high = 256                                            \
    }
/** Options from a file, for those that the command line does not give. */
#define SM_OPTIONS_OPTION(field)                                                                                       \
    {                                                                                                                  \
        .name = "options", .value = "FILE",                                                                            \
        .help = "read options from an INI file: lines NAME = VALUE with the names of this list, yes or no for one "    \
                "without a value, one value per line for a list, the further lines beginning with a space; the "       \
                "command line overrides them",                                                                         \
        .kind = SM_OPTION_FILE, .offset = (field)                                                                      \
    }
#define SM_OVERWRITE_OPTION(field)                                                                                     \
    {                                                                                                                  \
        .name = "overwrite", .help = "replace existing files that sonomask did not write", .kind = SM_OPTION_FLAG,     \
        .offset = (field)                                                                                              \
    }

typedef struct sm_command_line {
    const char *name;         /**< of the command */
    const char *description;  /**< paragraphs; wrapped when printed, but for line ends within */
    size_t arguments_size;    /**< of the struct of arguments */
    const sm_option *options; /**< ends with an option without a name */
    const char *operands;     /**< name of what follows the options, for example "FILE..."; NULL: nothing may follow */
    size_t operands_offset;   /**< sm_words */
    /** Checks what the table cannot express: NULL, or a message. NULL: nothing to check. */
    const char *(*check)(void *arguments);
} sm_command_line;

/** The exit status of a command. */
enum { SM_EXIT_DONE = 0, SM_EXIT_FAILED = 1, SM_EXIT_USAGE = 2 };

/** Prints every option of the table with its value, as members of the open JSON object; one that is not given and has
 * no value by default is null, or has its `default_text`. */
void sm_command_line_print_options(const sm_command_line *line, const void *arguments, sm_json *json);

/**
 * Reads argv (argv[0] is the command), and the file of options that it may name, into `arguments` and calls `run` with
 * them; texts of that file are valid until it returns. Returns the exit status: 0 when `run`
 * returned SM_OK or after --help, 2 after printing on stderr what is wrong with the arguments (also for
 * SM_ERROR_ARGUMENT from `run`), 1 after printing the message of another error; an empty message is not printed.
 */
int sm_command_line_run(const sm_command_line *line, int argc, char **argv, void *arguments,
                        sm_status (*run)(void *arguments, sm_error *error));

#endif
