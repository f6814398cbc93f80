#include "cli/notice.h"

__asm__(
    ".pushsection .rodata\n"
    ".globl kRocmforgeNoticeBegin\n"
    "kRocmforgeNoticeBegin:\n"
    ".incbin \"" ROCMFORGE_NOTICE
    "\"\n"
    ".globl kRocmforgeNoticeEnd\n"
    "kRocmforgeNoticeEnd:\n"
    ".popsection\n");

extern "C" {
extern const char kRocmforgeNoticeBegin[];
extern const char kRocmforgeNoticeEnd[];
}

namespace rocmforge::cli {

std::string_view notice() { return {kRocmforgeNoticeBegin, kRocmforgeNoticeEnd}; }

}  // namespace rocmforge::cli
