#include "cli/notice.h"

#include "cli/embedded_file.h"

ROCMFORGE_EMBEDDED_FILE(kRocmforgeNotice, ROCMFORGE_NOTICE);

namespace rocmforge::cli {

std::string_view notice() { return {kRocmforgeNoticeBegin, kRocmforgeNoticeEnd}; }

}  // namespace rocmforge::cli
