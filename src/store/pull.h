// Pulls a model from its source into the store under a name.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "store/model_store.h"
#include "store/source.h"
#include "store/web.h"

namespace rocmforge::store {

struct PullProgress {
  std::string file;
  std::uint64_t done = 0;  // of all files together
  std::uint64_t total = 0;
  bool is_checking = false;  // all bytes are present and are being hashed
};

struct PullOptions {
  std::string name = {};                         // empty means a name derived from the source
  std::vector<std::string> reserved_names = {};  // names that already mean something else
  int connections = 4;
  std::function<void(const PullProgress&)> on_progress = {};
  std::function<void(const std::string&)> on_message = {};  // messages for the user
};

struct PullResult {
  Manifest model;
  bool was_there = false;     // the model was already present and up to date
  std::uint64_t fetched = 0;  // bytes fetched by this call
};

// Pulls the model, resuming an unfinished pull. If two processes pull the same model, the second waits for the first.
// If it throws, no name is created, and bytes fetched so far are kept for the next call unless they are wrong.
PullResult pull(const ModelStore& store, Web& web, const Source& source, const PullOptions& options = {});

}  // namespace rocmforge::store
