// Opens the store and fetches models with progress on the terminal, for all commands that need this.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "store/pull.h"

namespace rocmforge::cli {

struct PullRequest {
  std::string source;
  std::string name = {};  // empty: derived from the source
  std::string hub = {};   // empty: $HF_ENDPOINT, or huggingface.co
  int connections = 4;
};

store::ModelStore open_store();

// Converts the address of a page of the hub to "hf:org/repo". Returns other words unchanged.
std::string source_meant_by(const std::string& word);

// Fetches a model with a progress bar and log messages. After Ctrl-C, logs how to continue and throws an Error with
// code kCancelled and no message.
store::PullResult pull_with_progress(const store::ModelStore& store, const PullRequest& request);

// Returns the error for a word that names several models.
Error ambiguous(const std::string& word, const std::vector<std::string>& names);

}  // namespace rocmforge::cli
