// Puts a file into the program as data.
#pragma once

// Defines the bytes of a file as `const char NAMEBegin[]`, aligned to 64 bytes, up to `NAMEEnd`. FILE is its path, a
// string literal. Both names are visible to the linker, so they must be unique in the program.
#define ROCMFORGE_EMBEDDED_FILE(NAME, FILE)                                                           \
  __asm__(".pushsection .rodata\n.balign 64\n.globl " #NAME "Begin\n" #NAME "Begin:\n.incbin \"" FILE \
          "\"\n.globl " #NAME "End\n" #NAME "End:\n.popsection\n");                                   \
  extern "C" const char NAME##Begin[];                                                                \
  extern "C" const char NAME##End[]
