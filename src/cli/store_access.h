// What the commands that fetch models share: the store, the hub, and how a download is shown.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "store/pull.h"

namespace rocmforge::cli {

struct PullRequest {
  std::string source;
  std::string name = {};  // empty: by the source
  std::string hub = {};   // empty: $HF_ENDPOINT, or huggingface.co
  int connections = 4;
};

store::ModelStore open_store();

// "hf:org/repo" for the address of that page of the hub; other words as they are.
std::string source_meant_by(const std::string& word);

// With a bar on the terminal and a few lines in the log. Ctrl-C ends it by an Error without a message (kCancelled),
// after a word on how to go on.
store::PullResult pull_with_progress(const store::ModelStore& store, const PullRequest& request);

// Of a word that several models are called by.
Error ambiguous(const std::string& word, const std::vector<std::string>& names);

}  // namespace rocmforge::cli
