#include "cli/model_source.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/demo_model.h"
#include "cli/store_access.h"
#include "store/quant_name.h"
#include "store/source.h"

namespace rocmforge::cli {
namespace {

bool is_file(const std::string& word) {
  std::error_code ignored;
  const auto status = std::filesystem::status(word, ignored);
  return std::filesystem::exists(status) && !std::filesystem::is_directory(status);
}

// Returns which of several models a pull would take, or nullptr.
const store::Manifest* usual_of(const std::vector<store::Manifest>& models) {
  if (models.size() == 1) return &models.front();
  const bool same_repository = std::ranges::all_of(
      models, [&](const store::Manifest& model) { return model.repository == models.front().repository; });
  if (models.empty() || !same_repository) return nullptr;
  for (const std::string_view quant : store::usual_quants()) {
    for (const store::Manifest& model : models) {
      if (model.quant == quant) return &model;
    }
  }
  return nullptr;
}

// Returns the model in the store that the word names, if any.
std::optional<store::Manifest> stored(const store::ModelStore& store, const std::string& word) {
  const std::vector<store::Manifest> meant = store.meant_by(source_meant_by(word));
  if (meant.empty()) return std::nullopt;
  if (const store::Manifest* const model = usual_of(meant)) return *model;
  std::vector<std::string> names;
  for (const store::Manifest& model : meant) names.push_back(model.name);
  throw ambiguous(word, names);
}

std::string fetched(const store::ModelStore& store, const std::string& model) {
  const store::PullResult result = pull_with_progress(store, {.source = model, .name = {}, .hub = {}});
  return store.file_of(result.model).string();
}

// Returns all known names, for suggestions.
std::vector<std::string> known_names() {
  std::vector<std::string> names = {std::string(kDemoModel)};
  try {
    for (const store::Manifest& model : open_store().models()) names.push_back(model.name);
    return names;
  } catch (const Error&) {  // without a home directory there is no store
    return names;
  }
}

}  // namespace

bool is_one_word(std::string_view text) {
  return !text.empty() && text.find_first_of(" \t\n") == std::string_view::npos;
}

bool looks_like_a_path(std::string_view word) {
  return word.find('/') != std::string_view::npos || word.ends_with(".gguf");
}

bool names_a_model(const std::string& word) {
  if (is_file(word) || word == kDemoModel) return true;
  if (!is_one_word(word)) return false;
  if (store::names_the_web(word)) return true;
  try {
    return !open_store().meant_by(word).empty();
  } catch (const Error&) {  // without a home directory there is no store
    return false;
  }
}

Error no_such_model(const std::string& word) {
  const std::vector<std::string> names = known_names();
  const std::vector<std::string_view> views(names.begin(), names.end());
  std::string hint = "`rocmforge models` lists those that are there, `rocmforge pull hf:ORG/REPO` fetches others";
  if (const auto near = closest(word, views)) {
    hint = fmt::format("did you mean '{}'? {}", printable(*near), hint);
  } else if (store::is_repository_name(word)) {
    hint = fmt::format("`hf:{}` is that model on the hub", printable(word));
  }
  return Error(ErrorCode::kNotFound, printable(word) + ": there is no such file, and no model of that name", hint);
}

std::string path_of_model(const std::string& model) {
  if (is_file(model)) return model;
  if (model == kDemoModel) return path_of_demo_model();
  const store::ModelStore store = open_store();
  if (const auto found = stored(store, model)) {
    if (store.is_complete(*found)) {
      if (found->name != model) log::info("{} is {}", printable(model), found->name);
      store.mend_links(*found);
      return store.file_of(*found).string();
    }
    if (!store::names_the_web(model)) {
      throw Error(ErrorCode::kNotFound, found->name + ": its files are gone from " + store.root().string(),
                  "`rocmforge pull " + found->source + "` fetches them again");
    }
  }
  if (store::names_the_web(model)) return fetched(store, model);
  if (looks_like_a_path(model) || model.empty()) return model;
  throw no_such_model(model);
}

}  // namespace rocmforge::cli
