/* Marks the functions and classes that the shared library exports. All other symbols are hidden. */
#pragma once

#define ROCMFORGE_API __attribute__((visibility("default")))
