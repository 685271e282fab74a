#include "program.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../src/sonomask.h"
#include "command.h"
#include "interrupt.h"

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"predict", "outline lesions in images: masks, types and measurements", sm_command_predict},
    {"dataset", "check images with masks before a training", sm_command_dataset},
    {"train", "train a network on images with masks", sm_command_train},
    {"evaluate", "score a network against expert masks and labels", sm_command_evaluate},
    {"calibrate", "fit temperature, mask threshold and outlier statistics of trained weights", sm_command_calibrate},
    {"bench", "time a network on this machine layer by layer", sm_command_bench},
    {"export", "write a network and its weights as ONNX", sm_command_export},
    {"phantom", "draw synthetic ultrasound images with masks", sm_command_phantom},
    {"info", "print the layers of a network", sm_command_info},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_usage(FILE *file) {
    fputs("usage: sonomask COMMAND [OPTION]...\n"
          "\n"
          "Finds lesions in breast ultrasound images, outlines and measures them, and estimates their type.\n"
          "Research software, not a medical device.\n"
          "\n",
          file);
    for (int i = 0; i < COMMAND_COUNT; i++) fprintf(file, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\n"
          "sonomask COMMAND --help describes a command, sonomask --version prints the version.\n"
          "Exit status: 0 success, 1 something failed (explained on stderr), 2 wrong usage.\n",
          file);
}

static bool is_either(const char *argument, const char *one, const char *other) {
    return strcmp(argument, one) == 0 || strcmp(argument, other) == 0;
}

/** A failed write to stdout is a failure of the command. */
static int flush_output(int exit_status) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return exit_status;
    fputs("sonomask: cannot write to standard output\n", stderr);
    return exit_status == SM_EXIT_DONE ? SM_EXIT_FAILED : exit_status;
}

static int run_command(const char *name, int argc, char **argv) {
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0) return commands[i].run(argc, argv);
    fprintf(stderr, "sonomask: unknown command \"%s\"; try: sonomask --help\n", name);
    return SM_EXIT_USAGE;
}

static int run(int argc, char **argv) {
    if (argc < 2) {
        print_usage(stderr);
        return SM_EXIT_USAGE;
    }
    const char *name = argv[1];
    if (is_either(name, "--version", "version")) {
        puts("sonomask " SM_VERSION);
        return SM_EXIT_DONE;
    }
    const bool help = strcmp(name, "help") == 0;
    if (is_either(name, "--help", "-h") || (help && argc == 2)) {
        print_usage(stdout);
        return SM_EXIT_DONE;
    }
    if (!help) return run_command(name, argc - 1, argv + 1);
    char option[] = "--help"; // sonomask help COMMAND
    char *help_argv[] = {argv[2], option, NULL};
    return run_command(argv[2], 2, help_argv);
}

int sm_program(int argc, char **argv) {
    sm_interrupt_install();
    return flush_output(run(argc, argv));
}
