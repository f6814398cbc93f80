// Brings a model from where it is into the store, under a name.
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
  bool is_checking = false;  // all is there, and being summed
};

struct PullOptions {
  std::string name = {};                         // empty: by the source
  std::vector<std::string> reserved_names = {};  // those that mean something else already
  int connections = 4;
  std::function<void(const PullProgress&)> on_progress = {};
  std::function<void(const std::string&)> on_message = {};  // what a person may want to know, in words
};

struct PullResult {
  Manifest model;
  bool was_there = false;     // and is what the source has now
  std::uint64_t fetched = 0;  // bytes that came in this call
};

// Resumes what was begun. Two of the same at a time fetch once: the second waits. An Error leaves no name; what was
// fetched by then stays for the next call, unless it is wrong.
PullResult pull(const ModelStore& store, Web& web, const Source& source, const PullOptions& options = {});

}  // namespace rocmforge::store
