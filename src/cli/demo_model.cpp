// The file is a section of the program itself. So that everything that takes a path takes it too, its bytes are put
// into a file in memory, which is there under /proc; at 12 MB that takes milliseconds.
#include "cli/demo_model.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file_descriptor.h"

__asm__(
    ".pushsection .rodata\n"
    ".balign 64\n"
    ".globl rocmforge_demo_begin\n"
    "rocmforge_demo_begin:\n"
    ".incbin \"" ROCMFORGE_DEMO_MODEL
    "\"\n"
    ".globl rocmforge_demo_end\n"
    "rocmforge_demo_end:\n"
    ".popsection\n");

extern "C" {
extern const char rocmforge_demo_begin[];
extern const char rocmforge_demo_end[];
}

namespace rocmforge::cli {
namespace {

FileDescriptor file_in_memory() {
  FileDescriptor file(memfd_create("demo.gguf", MFD_CLOEXEC));
  if (!file.is_open()) throw system_error("the demo model", "make a file in memory", errno);
  const char* next = rocmforge_demo_begin;
  while (next != rocmforge_demo_end) {
    const ssize_t written = write(file.get(), next, static_cast<std::size_t>(rocmforge_demo_end - next));
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
