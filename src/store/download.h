// Fetches one file over several connections into a partial file, whatever the network and the server do meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "store/partial_file.h"
#include "store/web.h"

namespace rocmforge::store {

struct DownloadProgress {
  std::uint64_t done = 0;  // bytes that are there
  std::uint64_t total = 0;
  std::uint64_t summed = 0;  // of those, how many went into the checksum
};

struct Download {
  Url url;
  std::string name;                              // for messages
  std::optional<std::uint64_t> expected_size{};  // by the hub's listing
  std::string expected_sha256 = {};
  int connections = 4;
  std::function<void(const DownloadProgress&)> on_progress = {};
};

// Leaves the complete file in `partial` and returns its SHA-256, which is the expected one if there is one. Content
// that is not what was promised, or no GGUF file, is an Error and leaves nothing; anything else that fails leaves what
// there is for the next call.
std::string fetch(Web& web, PartialFile& partial, const Download& download);

}  // namespace rocmforge::store
