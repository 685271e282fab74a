#include "command_line.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options_file.h"

/* Width of the help, and where its descriptions begin. */
enum { HELP_WIDTH = 80, HELP_COLUMN = 26 };
/* getopt_long returns FIRST_OPTION + place in the table; WORD, because of the "-" in its option string, for a word that
 * is not an option; HELP for --help. */
enum { WORD = 1, HELP = 256, FIRST_OPTION = 257 };
enum { MESSAGE_SIZE = 256, GOOD = -1 };

typedef struct parser {
    const sm_command_line *line;
    void *arguments;
    size_t word_capacity; /* room of each list: the number of arguments */
    sm_words *open;       /* the list that takes the next word, or NULL */
    bool *given;          /* [number of options]: on the command line */
    const char *place;    /* of the value in a file of options, for messages; NULL: the command line */
    sm_options_file file;
    bool no_memory;
} parser;

static void *field(void *arguments, size_t offset) { return (char *)arguments + offset; }

static bool has_value(const sm_option *option) {
    return option->kind != SM_OPTION_FLAG && option->kind != SM_OPTION_NO_FLAG;
}

static int count_options(const sm_command_line *line) {
    int count = 0;
    while (line->options[count].name) count++;
    return count;
}

static bool wrong(const sm_command_line *line, const char *message) {
    fprintf(stderr, "sonomask: %s: %s\n", line->name, message);
    return false;
}

static bool wrong_value(const parser *p, const sm_option *option, const char *expected, const char *text) {
    fprintf(stderr, "sonomask: %s: %s%s %s, not \"%s\"\n", p->line->name, p->place ? p->place : "--", option->name,
            expected, text);
    return false;
}

/* ---- Reading ---- */

static bool read_whole(const char *text, long long low, long long high, long long *number) {
    char *end = NULL;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && end != text && !*end && *number >= low && *number <= high;
}

static bool take_integer(const parser *p, const sm_option *option, const char *text) {
    char expected[MESSAGE_SIZE];
    long long number = 0;
    if (read_whole(text, (long long)option->low, (long long)option->high, &number)) {
        *(int *)field(p->arguments, option->offset) = (int)number;
        return true;
    }
    snprintf(expected, sizeof expected, "needs a whole number from %.0f to %.0f", option->low, option->high);
    return wrong_value(p, option, expected, text);
}

static bool take_seed(const parser *p, const sm_option *option, const char *text) {
    char expected[MESSAGE_SIZE];
    long long number = 0;
    if (read_whole(text, 0, INT64_MAX, &number)) {
        *(uint64_t *)field(p->arguments, option->offset) = (uint64_t)number;
        return true;
    }
    snprintf(expected, sizeof expected, "needs a whole number from 0 to %lld", (long long)INT64_MAX);
    return wrong_value(p, option, expected, text);
}

static bool take_decimal(const parser *p, const sm_option *option, const char *text) {
    char expected[MESSAGE_SIZE];
    char *end = NULL;
    errno = 0;
    const double number = strtod(text, &end);
    // The comparisons are false for NaN.
    if (errno == 0 && end != text && !*end && number >= option->low && number <= option->high) {
        *(float *)field(p->arguments, option->offset) = (float)number;
        return true;
    }
    snprintf(expected, sizeof expected, "needs a number from %g to %g", option->low, option->high);
    return wrong_value(p, option, expected, text);
}

/** "a, b or c". */
static void join_choices(const char *const *choices, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; choices[i] && used < size; i++) {
        const char *before = i == 0 ? "" : choices[i + 1] ? ", " : " or ";
        const int written = snprintf(text + used, size - used, "%s%s", before, choices[i]);
        used += written > 0 ? (size_t)written : 0;
    }
}

static bool take_choice(const parser *p, const sm_option *option, const char *text) {
    for (int i = 0; option->choices[i]; i++) {
        if (strcmp(option->choices[i], text) != 0) continue;
        *(int *)field(p->arguments, option->offset) = i;
        return true;
    }
    char expected[MESSAGE_SIZE] = "must be ";
    const size_t used = strlen(expected);
    join_choices(option->choices, expected + used, sizeof expected - used);
    return wrong_value(p, option, expected, text);
}

static bool add_word(parser *p, sm_words *list, const char *word) {
    if (!list->words) list->words = calloc(p->word_capacity, sizeof *list->words);
    if (!list->words) {
        p->no_memory = true;
        return wrong(p->line, "no memory");
    }
    list->words[list->count++] = word;
    return true;
}

/** A word that is no option: it belongs to the list before it, else it is an operand. */
static bool take_word(parser *p, const char *word, bool after_all_options) {
    sm_words *operands = p->line->operands ? field(p->arguments, p->line->operands_offset) : NULL;
    sm_words *list = p->open && !(after_all_options && operands) ? p->open : operands;
    if (list) return add_word(p, list, word);
    fprintf(stderr, "sonomask: %s: unexpected \"%s\"\n", p->line->name, word);
    return false;
}

static bool take_option(parser *p, const sm_option *option, const char *text) {
    void *target = field(p->arguments, option->offset);
    p->open = option->kind == SM_OPTION_LIST ? target : NULL;
    switch (option->kind) {
    case SM_OPTION_FLAG:
    case SM_OPTION_NO_FLAG:
        *(bool *)target = option->kind == SM_OPTION_FLAG;
        return true;
    case SM_OPTION_TEXT:
    case SM_OPTION_FILE:
        *(const char **)target = text;
        return true;
    case SM_OPTION_INTEGER:
        return take_integer(p, option, text);
    case SM_OPTION_SEED:
        return take_seed(p, option, text);
    case SM_OPTION_DECIMAL:
        return take_decimal(p, option, text);
    case SM_OPTION_CHOICE:
        return take_choice(p, option, text);
    case SM_OPTION_LIST:
        return add_word(p, target, text);
    case SM_OPTION_CUSTOM:
        break;
    }
    const char *expected = option->take(p->arguments, text);
    return !expected || wrong_value(p, option, expected, text);
}

/** The options for getopt_long, from malloc. */
static struct option *make_long_options(const sm_command_line *line) {
    const int count = count_options(line);
    struct option *all = calloc((size_t)count + 2, sizeof *all);
    if (!all) return NULL;
    for (int i = 0; i < count; i++)
        all[i] = (struct option){line->options[i].name, has_value(&line->options[i]) ? required_argument : no_argument,
                                 NULL, FIRST_OPTION + i};
    all[count] = (struct option){"help", no_argument, NULL, HELP};
    return all;
}

/** Whether a required option has its value. */
static bool is_given(const sm_option *option, void *arguments) {
    void *target = field(arguments, option->offset);
    if (option->kind == SM_OPTION_LIST) return ((const sm_words *)target)->count > 0;
    if (option->kind == SM_OPTION_INTEGER) return (double)*(const int *)target >= option->low;
    const char *text = *(const char **)target;
    return text && *text;
}

static bool check(const sm_command_line *line, void *arguments) {
    for (const sm_option *option = line->options; option->name; option++) {
        if (!option->required || is_given(option, arguments)) continue;
        fprintf(stderr, "sonomask: %s: --%s is missing\n", line->name, option->name);
        return false;
    }
    const char *message = line->check ? line->check(arguments) : NULL;
    return !message || wrong(line, message);
}

/** getopt_long accepts abbreviations, whose meaning changes when an option is added. The word that it has just read
 * must be the whole name. */
static bool is_whole_name(const parser *p, char **argv, const struct option *option) {
    const bool apart = optarg && optarg == argv[optind - 1];
    const char *word = argv[optind - (apart ? 2 : 1)];
    const size_t length = strcspn(word, "=");
    if (length == strlen(option->name) + 2) return true;
    fprintf(stderr, "sonomask: %s: unknown option \"%.*s\"; options are not abbreviated: --%s\n", p->line->name,
            (int)length, word, option->name);
    return false;
}

/** Reads all arguments; stops at --help. */
static bool parse(parser *p, int argc, char **argv, bool *help_requested) {
    struct option *long_options = make_long_options(p->line);
    if (!long_options) {
        p->no_memory = true;
        return wrong(p->line, "no memory");
    }
    char label[64]; // getopt_long begins its messages with argv[0]
    char *name = argv[0];
    snprintf(label, sizeof label, "sonomask: %s", p->line->name);
    argv[0] = label;
    optind = 0; // restarts glibc's getopt: another command line may have been read in this process
    const int options = count_options(p->line);
    bool good = true;
    for (int code; good && !*help_requested && (code = getopt_long(argc, argv, "-", long_options, NULL)) != -1;) {
        if (code == WORD)
            good = take_word(p, optarg, false);
        else if (code < HELP /* getopt_long has printed the reason */ ||
                 !is_whole_name(p, argv, &long_options[code == HELP ? options : code - FIRST_OPTION]))
            good = false;
        else if (code == HELP)
            *help_requested = true;
        else {
            good = take_option(p, &p->line->options[code - FIRST_OPTION], optarg);
            p->given[code - FIRST_OPTION] = true;
        }
    }
    for (; good && !*help_requested && optind < argc; optind++) good = take_word(p, argv[optind], true); // after "--"
    argv[0] = name;
    free(long_options);
    return good;
}

/* ---- Files of options ---- */

enum { NAME_SIZE = 64, MAX_DISTANCE = 3 };

/** The number of insertions, deletions and replacements that make `b` of `a`, names of less than NAME_SIZE bytes. */
static int edit_distance(const char *a, const char *b) {
    int row[NAME_SIZE + 1];
    const int length = (int)strlen(b);
    for (int j = 0; j <= length; j++) row[j] = j;
    for (int i = 1; a[i - 1]; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= length; j++) {
            const int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            const int shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replaced < shorter ? replaced : shorter;
        }
    }
    return row[length];
}

static bool unknown_name(const parser *p, const char *name) {
    const char *nearest = NULL;
    int least = MAX_DISTANCE + 1;
    for (const sm_option *option = p->line->options; option->name; option++) {
        const int distance =
            strlen(name) < NAME_SIZE && strlen(option->name) < NAME_SIZE ? edit_distance(name, option->name) : least;
        if (distance >= least) continue;
        least = distance;
        nearest = option->name;
    }
    fprintf(stderr, "sonomask: %s: %sunknown option \"%s\"%s%s\n", p->line->name, p->place, name,
            nearest ? "; the nearest is " : "", nearest ? nearest : "");
    return false;
}

static bool take_switch(const parser *p, const sm_option *option, const char *text) {
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (int i = 0; i < 8; i++) {
        if (strcmp(text, words[i]) != 0) continue;
        *(bool *)field(p->arguments, option->offset) = (i % 2 == 1) == (option->kind == SM_OPTION_FLAG);
        return true;
    }
    return wrong_value(p, option, "needs yes or no", text);
}

/** Whether the command line has the option, or another one for the same field. */
static bool is_overridden(const parser *p, const sm_option *option) {
    for (int i = 0; p->line->options[i].name; i++) {
        const sm_option *other = &p->line->options[i];
        if (!p->given[i]) continue;
        if (other == option) return true;
        if (has_value(other) || has_value(option)) continue;
        if (other->offset == option->offset) return true;
    }
    return false;
}

static bool take_entry(parser *p, const sm_option_entry *entry, bool *seen) {
    const sm_option *option = p->line->options;
    while (option->name && strcmp(option->name, entry->name) != 0) option++;
    if (!option->name) return unknown_name(p, entry->name);
    const char *wrong_use = NULL;
    if (option->kind == SM_OPTION_FILE)
        wrong_use = "cannot be given in a file of options";
    else if (entry->continues && option->kind != SM_OPTION_LIST)
        wrong_use = "takes one value, but this line, which begins with a space, holds another";
    else if (!entry->continues && seen[option - p->line->options])
        wrong_use = "is given twice";
    if (wrong_use) {
        fprintf(stderr, "sonomask: %s: %s%s %s\n", p->line->name, p->place, option->name, wrong_use);
        return false;
    }
    seen[option - p->line->options] = true;
    if (is_overridden(p, option)) return true;
    return has_value(option) ? take_option(p, option, entry->value) : take_switch(p, option, entry->value);
}

/** Reads the file of options that the command line names, if it does. What the command line gives is kept. */
static bool read_options_file(parser *p) {
    const char *path = NULL;
    for (const sm_option *option = p->line->options; option->name; option++)
        if (option->kind == SM_OPTION_FILE) path = *(const char **)field(p->arguments, option->offset);
    if (!path) return true;
    sm_error error = {0};
    if (sm_options_file_read(path, p->line->name, &p->file, &error) != SM_OK) return wrong(p->line, error.message);
    if ((size_t)p->file.count > p->word_capacity) p->word_capacity = (size_t)p->file.count;
    bool *seen = calloc((size_t)count_options(p->line), sizeof *seen);
    p->no_memory = seen == NULL;
    bool good = seen || wrong(p->line, "no memory");
    for (int i = 0; good && i < p->file.count; i++) {
        char place[MESSAGE_SIZE];
        snprintf(place, sizeof place, "%s, line %d: ", path, p->file.entries[i].line);
        p->place = place;
        good = take_entry(p, &p->file.entries[i], seen);
        p->place = NULL;
    }
    free(seen);
    return good;
}

/* ---- Help ---- */

/** Prints the rest of a line of text from `column` on, wrapped, with `indent` before its further lines. */
static void print_wrapped_line(const char *text, int length, int column, int indent) {
    bool first = true;
    for (const char *end = text + length; text < end;) {
        int word = (int)strcspn(text, " \n");
        if (word > end - text) word = (int)(end - text);
        if (!first && column + 1 + word > HELP_WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
            first = true;
        }
        printf("%s%.*s", first ? "" : " ", word, text);
        column += word + (first ? 0 : 1);
        first = false;
        text += word;
        if (text < end) text++; // the space
    }
    putchar('\n');
}

/** Prints paragraphs. A line that begins with spaces is an item: a name, spaces, and a text, whose further lines are
 * indented. */
static void print_paragraphs(const char *text) {
    while (*text) {
        const int length = (int)strcspn(text, "\n");
        int hang = (int)strspn(text, " ");
        if (hang > 0) {
            hang += (int)strcspn(text + hang, " ");
            hang += (int)strspn(text + hang, " ");
        }
        printf("%.*s", hang, text);
        print_wrapped_line(text + hang, length - hang, hang, hang);
        text += length + (text[length] == '\n' ? 1 : 0);
    }
}

/** The value that holds without the option; empty when there is none to show. */
static void describe_default(const sm_option *option, void *arguments, char *text, size_t size) {
    const void *target = field(arguments, option->offset);
    snprintf(text, size, "%s", option->default_text ? option->default_text : "");
    if (option->kind == SM_OPTION_INTEGER) {
        const int value = *(const int *)target;
        if (value >= option->low && value <= option->high) snprintf(text, size, "%d", value);
    } else if (option->kind == SM_OPTION_DECIMAL) {
        const double value = (double)*(const float *)target;
        if (value >= option->low && value <= option->high) snprintf(text, size, "%g", value);
    } else if (option->kind == SM_OPTION_SEED) {
        const uint64_t value = *(const uint64_t *)target;
        if (value <= INT64_MAX) snprintf(text, size, "%llu", (unsigned long long)value);
    } else if (option->kind == SM_OPTION_CHOICE) {
        snprintf(text, size, "%s", option->choices[*(const int *)target]);
    } else if (option->kind == SM_OPTION_TEXT || option->kind == SM_OPTION_FILE) {
        const char *value = *(const char *const *)target;
        if (value) snprintf(text, size, "%s", value);
    }
}

/** What an option does, with the range of its values and its default. */
static void describe(const sm_option *option, void *arguments, char *text, size_t size) {
    char range[MESSAGE_SIZE] = "", initial[MESSAGE_SIZE] = "";
    if (option->kind == SM_OPTION_INTEGER || option->kind == SM_OPTION_DECIMAL)
        snprintf(range, sizeof range, "%.10g to %.10g", option->low, option->high);
    else if (option->kind == SM_OPTION_CHOICE)
        join_choices(option->choices, range, sizeof range);
    describe_default(option, arguments, initial, sizeof initial);
    const bool both = *range && *initial;
    if (*range || *initial)
        snprintf(text, size, "%s (%s%s%s%s)", option->help, range, both ? "; " : "", *initial ? "default: " : "",
                 initial);
    else
        snprintf(text, size, "%s", option->help);
}

static void print_synopsis(FILE *file, const sm_command_line *line) {
    fprintf(file, "usage: sonomask %s", line->name);
    bool optional = false;
    for (const sm_option *option = line->options; option->name; option++) {
        if (option->required)
            fprintf(file, " --%s %s", option->name, option->value);
        else
            optional = true;
    }
    fprintf(file, "%s%s%s\n", optional ? " [OPTION]..." : "", line->operands ? " " : "",
            line->operands ? line->operands : "");
}

static void print_help(const sm_command_line *line, void *arguments) {
    print_synopsis(stdout, line);
    putchar('\n');
    print_paragraphs(line->description);
    putchar('\n');
    for (const sm_option *option = line->options; option->name; option++) {
        char text[1024];
        const int written =
            printf("  --%s%s%s", option->name, option->value ? " " : "", option->value ? option->value : "");
        if (written > HELP_COLUMN - 2)
            printf("\n%*s", HELP_COLUMN, "");
        else
            printf("%*s", HELP_COLUMN - written, "");
        describe(option, arguments, text, sizeof text);
        print_wrapped_line(text, (int)strlen(text), HELP_COLUMN, HELP_COLUMN);
    }
}

void sm_command_line_print_options(const sm_command_line *line, const void *arguments, sm_json *json) {
    for (const sm_option *option = line->options; option->name; option++) {
        if (option->kind == SM_OPTION_CUSTOM) continue; // how its value is stored is not known here
        const void *source = (const char *)arguments + option->offset;
        if (option->kind == SM_OPTION_FLAG || option->kind == SM_OPTION_NO_FLAG) {
            sm_json_boolean(json, option->name, *(const bool *)source == (option->kind == SM_OPTION_FLAG));
        } else if (option->kind == SM_OPTION_LIST) {
            const sm_words *list = source;
            sm_json_array_begin(json, option->name);
            for (int i = 0; i < list->count; i++) sm_json_string(json, NULL, list->words[i]);
            sm_json_array_end(json);
        } else if (option->kind == SM_OPTION_SEED) {
            sm_json_integer(json, option->name, *(const long long *)source);
        } else if (option->kind == SM_OPTION_INTEGER && (double)*(const int *)source >= option->low) {
            sm_json_integer(json, option->name, *(const int *)source);
        } else if (option->kind == SM_OPTION_DECIMAL && (double)*(const float *)source >= option->low) {
            sm_json_number(json, option->name, (double)*(const float *)source);
        } else if (option->kind == SM_OPTION_INTEGER || option->kind == SM_OPTION_DECIMAL) {
            sm_json_number(json, option->name, NAN); // null: not given, and decided elsewhere
        } else {
            char text[MESSAGE_SIZE];
            describe_default(option, (void *)arguments, text, sizeof text);
            sm_json_string(json, option->name, text);
        }
    }
}

/** SM_EXIT_DONE after printing the help, SM_EXIT_USAGE, SM_EXIT_FAILED, or GOOD: the command may run. The texts of a
 * file of options, which the arguments then point into, stay in `file`. */
static int read_arguments(const sm_command_line *line, int argc, char **argv, void *arguments, sm_options_file *file) {
    // The help shows the defaults also when options came before it.
    void *defaults = malloc(line->arguments_size);
    bool *given = calloc((size_t)count_options(line) + 1, sizeof *given);
    if (!defaults || !given) {
        free(defaults);
        free(given);
        wrong(line, "no memory");
        return SM_EXIT_FAILED;
    }
    memcpy(defaults, arguments, line->arguments_size);
    parser p = {.line = line, .arguments = arguments, .word_capacity = (size_t)argc, .given = given};
    bool help_requested = false;
    bool good = parse(&p, argc, argv, &help_requested);
    if (good && help_requested) print_help(line, defaults);
    if (good && !help_requested) good = read_options_file(&p);
    *file = p.file;
    free(defaults);
    free(given);
    if (good && help_requested) return SM_EXIT_DONE;
    if (good && check(line, arguments)) return GOOD;
    if (p.no_memory) return SM_EXIT_FAILED;
    // Short, so that the message above it stays in sight.
    print_synopsis(stderr, line);
    fprintf(stderr, "try: sonomask %s --help\n", line->name);
    return SM_EXIT_USAGE;
}

static void free_lists(const sm_command_line *line, void *arguments) {
    for (const sm_option *option = line->options; option->name; option++)
        if (option->kind == SM_OPTION_LIST) free(((sm_words *)field(arguments, option->offset))->words);
    if (line->operands) free(((sm_words *)field(arguments, line->operands_offset))->words);
}

int sm_command_line_run(const sm_command_line *line, int argc, char **argv, void *arguments,
                        sm_status (*run)(void *arguments, sm_error *error)) {
    sm_options_file file = {0};
    int exit_status = read_arguments(line, argc, argv, arguments, &file);
    if (exit_status == GOOD) {
        sm_error error = {0};
        const sm_status status = run(arguments, &error);
        if (status != SM_OK && error.message[0]) fprintf(stderr, "sonomask: %s\n", error.message);
        exit_status = status == SM_OK ? SM_EXIT_DONE : status == SM_ERROR_ARGUMENT ? SM_EXIT_USAGE : SM_EXIT_FAILED;
    }
    free_lists(line, arguments);
    sm_options_file_free(&file);
    return exit_status;
}
