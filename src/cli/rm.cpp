// `rocmforge rm`: takes models out of the store.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/store_access.h"

namespace rocmforge::cli {
namespace {

// The exact name of what is meant, finished or not. Nothing is removed by a guess.
std::string exact_name(const store::ModelStore& store, const std::string& word) {
  const std::vector<store::Manifest> unfinished = store.unfinished();
  const auto is_it = [&](const store::Manifest& model) { return model.name == word || model.source == word; };
  const auto begun = std::ranges::find_if(unfinished, is_it);
  if (begun != unfinished.end()) return begun->name;
  const std::vector<store::Manifest> meant = store.meant_by(word);
  if (meant.size() == 1) return meant.front().name;
  if (meant.empty()) {
    throw Error(ErrorCode::kNotFound, printable(word) + ": there is no such model", "`rocmforge models` lists them");
  }
  std::string names;
  for (const store::Manifest& model : meant) names += "\n       " + printable(model.name);
  throw Error(ErrorCode::kUsage, fmt::format("{}: {} models are called so:{}", printable(word), meant.size(), names),
              "say which");
}

void remove(const std::vector<std::string>& words) {
  const store::ModelStore store = open_store();
  std::vector<std::string> names;
  for (const std::string& word : words) names.push_back(exact_name(store, word));
  for (const std::string& name : names) {
    const std::uint64_t freed = store.remove(name);
    fmt::print("{}: removed, {}\n", printable(name),
               freed == 0 ? "its files are another's too" : format_bytes(freed) + " freed");
  }
}

}  // namespace

Command rm_command() {
  const auto names = std::make_shared<std::vector<std::string>>();
  return {
      .name = "rm",
      .summary = "Remove models from the store",
      .details =
          "Files that another name needs stay. A download that broke off is removed by the\n"
          "name it would have had.",
      .examples =
          "  rocmforge rm hf:unsloth/Qwen3-8B-GGUF:Q5_K_M\n"
          "  rocmforge rm Qwen3-8B gemma-3-1b-it",
      .arguments = {{.names = "NAME",
                     .value = "NAME",
                     .help = "What `rocmforge models` lists; part of a name if it means one alone",
                     .place = names.get(),
                     .required = true}},
      .run = [names] { remove(*names); },
  };
}

}  // namespace rocmforge::cli
