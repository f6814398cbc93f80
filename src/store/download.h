// Downloads one file over several connections into a partial file, and recovers from failures of the network and the
// server.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "store/partial_file.h"
#include "store/web.h"

namespace rocmforge::store {

struct DownloadProgress {
  std::uint64_t done = 0;  // bytes that are present
  std::uint64_t total = 0;
  std::uint64_t summed = 0;  // how many of them are included in the checksum
};

struct Download {
  Url url;
  std::string name;                              // for messages
  std::optional<std::uint64_t> expected_size{};  // from the hub's listing
  std::string expected_sha256 = {};
  int connections = 4;
  std::function<void(const DownloadProgress&)> on_progress = {};
};

// Completes the file in `partial` and returns its SHA-256, which equals the expected one if there is one. Throws Error
// if the download fails. If the content is wrong or is not a GGUF file, it is deleted; after any other failure it is
// kept for the next call.
std::string fetch(Web& web, PartialFile& partial, const Download& download);

}  // namespace rocmforge::store
