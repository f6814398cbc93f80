// Tests files that are crafted to crash, stall or exhaust the memory of their reader.
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "gguf/reader.h"
#include "support/cpu_time.h"
#include "support/expect_error.h"
#include "support/gguf_bytes.h"
#include "support/temp_folder.h"

namespace rocmforge::gguf {
namespace {

using testing::GgufBytes;
using testing::raw;
using testing::TempFolder;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // sanitizers dominate memory and time
#else
constexpr bool kSanitized = false;
#endif

// Does everything that a program may do with an open file.
void use(const File& file) {
  std::size_t seen = 0;
  for (const Metadata::Entry& entry : file.metadata().entries()) {
    if (entry.value.type() != ValueType::kArray) continue;
    for (const Value value : entry.value.array())
      seen += value.type() == ValueType::kString ? value.string().size() : 1;
  }
  for (const Tensor& tensor : file.tensors()) {
    if (!tensor.bytes.empty()) seen += std::to_integer<std::size_t>(tensor.bytes.front() ^ tensor.bytes.back());
  }
  volatile std::size_t kept = seen;
  (void)kept;
}

// A download may be truncated at any byte.
TEST(HostileGguf, RefusesATruncationAtEveryByte) {
  const std::string whole = testing::small_gguf().bytes();
  const std::size_t padding = 10;  // after the last tensor; a file may end without it
  for (std::size_t size = 0; size < whole.size() - padding; ++size) {
    EXPECT_THROW(File::from_memory(testing::as_bytes(whole).first(size), "cut"), Error) << size;
  }
}

// A bit that flips on the disk gives an error or another number, never a crash.
TEST(HostileGguf, SurvivesEveryChangedByte) {
  const std::string whole = testing::small_gguf().bytes();
  int accepted = 0, refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      try {
        const File file = File::from_memory(testing::as_bytes(bytes), "changed");
        use(file);
        ++accepted;
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(accepted, 100);  // most bytes are data or text, where any value is as good
  EXPECT_GT(refused, 100);
}

// Files with holes claim any size without taking disk space.
class SparseGguf : public ::testing::Test {
 protected:
  // Writes the bytes, followed by holes up to `size`.
  std::string write(const std::string& bytes, std::uint64_t size) const {
    const std::string path = folder_.write("sparse.gguf", bytes);
    std::filesystem::resize_file(path, size);
    return path;
  }

  struct Cost {
    double cpu_seconds;
    long peak_kib;  // in addition to what the process had before
    std::string message;
  };

  // Opens the file in a separate process to measure its peak memory.
  static Cost cost_of_opening(const std::string& path) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      const long before = peak_kib();
      std::string message = "opened";
      try {
        File::open(path);
      } catch (const Error& e) {
        message = e.message();
      }
      message = std::to_string(peak_kib() - before) + " " + message;
      _exit(::write(ends[1], message.data(), message.size()) > 0 ? 0 : 1);
    }
    close(ends[1]);
    char answer[4096] = {};
    EXPECT_GT(read(ends[0], answer, sizeof answer - 1), 0);
    close(ends[0]);
    rusage usage{};
    wait4(child, nullptr, 0, &usage);
    char* message = nullptr;
    const long peak = std::strtol(answer, &message, 10);
    return {testing::cpu_seconds_of(usage), peak, message + 1};
  }

  static long peak_kib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  }

  static void expect_cheap(const Cost& cost) {
    if (kSanitized) return;
    EXPECT_LT(cost.peak_kib, 64 << 10) << cost.message;
    EXPECT_LT(cost.cpu_seconds, 1.0) << cost.message;
  }

  static constexpr std::uint64_t kHuge = std::uint64_t{100} << 30;
  TempFolder folder_;
};

// A large model must not be read in order to be opened.
TEST_F(SparseGguf, OpensAModelOf100GigabytesAtOnce) {
  const Cost cost = cost_of_opening(write(GgufBytes().tensor_at("w", 24, {kHuge - 4096}, 0).header(), kHuge));
  EXPECT_EQ(cost.message, "opened");
  expect_cheap(cost);
}

TEST_F(SparseGguf, DoesNotWalkAnArrayOfNumbers) {
  const std::string bytes = GgufBytes().key("k", 9, raw(0u) + raw(kHuge / 2)).bytes();
  const Cost cost = cost_of_opening(write(bytes, kHuge));
  EXPECT_NE(cost.message.find("the header is longer than 256 MiB"), std::string::npos) << cost.message;
  expect_cheap(cost);
}

TEST_F(SparseGguf, BoundsTheNumberOfStrings) {
  const std::string bytes = GgufBytes().key("k", 9, raw(8u) + raw(kHuge / 16)).bytes();
  const Cost cost = cost_of_opening(write(bytes, kHuge));
  EXPECT_NE(cost.message.find("more than 4,194,304 strings"), std::string::npos) << cost.message;
  expect_cheap(cost);
}

// The maximum number of strings, each a page apart: the most pages that walking can touch.
TEST_F(SparseGguf, ReleasesWhatItWalkedOver) {
  constexpr std::uint64_t kStrings = 60000, kLength = 4000;
  const std::string path = write(GgufBytes().array("k", 8, kStrings, "").header(), 1 << 28);
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto start = static_cast<std::streamoff>(GgufBytes().array("k", 8, kStrings, "").header().size());
    for (std::uint64_t i = 0; i < kStrings; ++i) {
      file.seekp(start + static_cast<std::streamoff>(i * (8 + kLength))) << raw(kLength);
    }
  }
  const Cost cost = cost_of_opening(path);
  EXPECT_EQ(cost.message, "opened");
  expect_cheap(cost);
}

TEST_F(SparseGguf, RefusesAStringOfGigabytes) {
  const Cost cost = cost_of_opening(write(GgufBytes().key("k", 8, raw(kHuge / 2)).bytes(), kHuge));
  EXPECT_NE(cost.message.find("at most 67,108,864 bytes"), std::string::npos) << cost.message;
  expect_cheap(cost);
}

TEST_F(SparseGguf, RefusesMillionsOfTensors) {
  const Cost cost = cost_of_opening(write(GgufBytes().claim_tensors(1u << 30).header(), kHuge));
  EXPECT_NE(cost.message.find("1,073,741,824 tensors, at most 262,144"), std::string::npos) << cost.message;
  expect_cheap(cost);
}

TEST_F(SparseGguf, ToleratesFilesFullOfZeros) {
  for (const std::uint64_t claimed : {kMaxKeys, std::uint64_t{1}}) {
    const Cost cost = cost_of_opening(write(GgufBytes().claim_keys(claimed).header(), kHuge));
    EXPECT_NE(cost.message.find("has an empty name"), std::string::npos) << cost.message;
    expect_cheap(cost);
  }
}

}  // namespace
}  // namespace rocmforge::gguf
