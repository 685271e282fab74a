/** sonomask COMMAND ...: finds the command and gives it its arguments. The only place that ends the program. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"predict", "outline lesions in images: masks, types and measurements", sm_command_predict},
    {"train", "train a network on images with masks", sm_command_train},
    {"evaluate", "score a network against true masks and types", sm_command_evaluate},
    {"calibrate", "set temperature, threshold and outlier statistics of trained weights", sm_command_calibrate},
    {"bench", "time a network on this machine, layer by layer", sm_command_bench},
    {"export", "write a network and its weights as ONNX, for other engines", sm_command_export},
    {"phantom", "draw synthetic ultrasound images with masks", sm_command_phantom},
    {"info", "show what a network is made of", sm_command_info},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_usage(FILE *file) {
    fputs("usage: sonomask COMMAND [OPTION]...\n"
          "\n"
          "Finds the lesion in breast ultrasound images, names its type, outlines and measures it.\n"
          "Research software, not a medical device.\n"
          "\n",
          file);
    for (int i = 0; i < COMMAND_COUNT; i++) fprintf(file, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\n"
          "sonomask COMMAND --help tells about a command, sonomask --version the version.\n"
          "Exit status: 0 done, 1 something failed (said on stderr), 2 wrong usage.\n",
          file);
}

static bool is_either(const char *argument, const char *one, const char *other) {
    return strcmp(argument, one) == 0 || strcmp(argument, other) == 0;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        print_usage(stderr);
        return SM_EXIT_USAGE;
    }
    const char *name = argv[1];
    if (is_either(name, "--version", "version")) {
        puts("sonomask " SM_VERSION);
        return SM_EXIT_DONE;
    }
    bool wants_help = is_either(name, "--help", "-h");
    if (strcmp(name, "help") == 0) {
        wants_help = argc == 2;
        if (!wants_help) name = argv[2];
    }
    if (wants_help) {
        print_usage(stdout);
        return SM_EXIT_DONE;
    }
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) != 0) continue;
        if (name == argv[1]) {
            char label[32]; // getopt begins its complaints with argv[0]
            snprintf(label, sizeof label, "sonomask: %s", name);
            argv[1] = label;
            return commands[i].run(argc - 1, argv + 1);
        }
        char help[] = "--help"; // sonomask help COMMAND
        char *help_argv[] = {argv[2], help, NULL};
        return commands[i].run(2, help_argv);
    }
    fprintf(stderr, "sonomask: there is no command \"%s\"; try: sonomask --help\n", name);
    return SM_EXIT_USAGE;
}
