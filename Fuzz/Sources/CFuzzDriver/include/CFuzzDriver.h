#ifndef CFUZZDRIVER_H
#define CFUZZDRIVER_H

#include <stddef.h>
#include <stdint.h>

/// The fuzz target's entry point, called by libFuzzer's driver.
int FuzzParsers_main(int argc, char **argv);

#endif
