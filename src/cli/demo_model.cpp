// The model is data in the program itself. It is copied to a file in memory, which has a path under /proc, so that it
// can be used wherever a path is expected. Copying 12 MB takes milliseconds.
#include "cli/demo_model.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file_descriptor.h"
#include "cli/embedded_file.h"

ROCMFORGE_EMBEDDED_FILE(kRocmforgeDemo, ROCMFORGE_DEMO_MODEL);

namespace rocmforge::cli {
namespace {

FileDescriptor file_in_memory() {
  FileDescriptor file(memfd_create("demo.gguf", MFD_CLOEXEC));
  if (!file.is_open()) throw system_error("the demo model", "make a file in memory", errno);
  const char* next = kRocmforgeDemoBegin;
  while (next != kRocmforgeDemoEnd) {
    const ssize_t written = write(file.get(), next, static_cast<std::size_t>(kRocmforgeDemoEnd - next));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw system_error("the demo model", "write to a file in memory", errno);
    next += written;
  }
  return file;
}

}  // namespace

const std::string& path_of_demo_model() {
  static const FileDescriptor file = file_in_memory();
  static const std::string path = fmt::format("/proc/self/fd/{}", file.get());
  return path;
}

}  // namespace rocmforge::cli
