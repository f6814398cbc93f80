// `rocmforge rm`: removes models from the store.
#include <algorithm>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/store_access.h"

namespace rocmforge::cli {
namespace {

// Returns the names of the models that the word may mean, including unfinished downloads.
std::set<std::string> names_meant(const store::ModelStore& store, const std::string& word) {
  std::set<std::string> meant;
  for (const store::Manifest& model : store.meant_by(source_meant_by(word), true)) meant.insert(model.name);
  // A damaged model can be removed too.
  if (meant.empty() && store.has_manifest(word)) return {word};
  return meant;
}

// Returns the one name that the word means. Throws Error if there is none or several.
std::string exact_name(const store::ModelStore& store, const std::string& word) {
  const std::set<std::string> meant = names_meant(store, word);
  if (meant.size() == 1) return *meant.begin();
  if (meant.empty()) {
    throw Error(ErrorCode::kNotFound, printable(word) + ": there is no such model", "`rocmforge models` lists them");
  }
  throw ambiguous(word, {meant.begin(), meant.end()});
}

std::string outcome(const store::ModelStore::Removed& removed) {
  if (removed.freed > 0) return format_bytes(removed.freed) + " freed";
  return removed.files_are_kept ? "its files are another's too" : "its files were gone already";
}

void remove(const std::vector<std::string>& words) {
  const store::ModelStore store = open_store();
  std::vector<std::string> names;
  for (const std::string& word : words) {
    std::string name = exact_name(store, word);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  for (const std::string& name : names) {
    fmt::print("{}: removed, {}\n", printable(name), outcome(store.remove(name)));
  }
}

}  // namespace

Command rm_command() {
  const auto names = std::make_shared<std::vector<std::string>>();
  return {
      .name = "rm",
      .summary = "Remove models from the store",
      .details =
          "Files that another model also uses are kept. An unfinished download is removed\n"
          "by the name that it would have had.",
      .examples =
          "  rocmforge rm hf:unsloth/Qwen3-8B-GGUF:Q5_K_M\n"
          "  rocmforge rm Qwen3-8B gemma-3-1b-it",
      .arguments = {{.names = "NAME",
                     .value = "NAME",
                     .help = "Name listed by `rocmforge models`, or a part of it that matches only one model",
                     .place = names.get(),
                     .required = true}},
      .run = [names] { remove(*names); },
  };
}

}  // namespace rocmforge::cli
