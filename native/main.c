/** The executable. Only main ends the program. */
#include "program.h"

int main(int argc, char **argv) { return sm_program(argc, argv); }
