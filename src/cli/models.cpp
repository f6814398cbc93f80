// `rocmforge models`: lists the models in the store.
#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/store_access.h"

namespace rocmforge::cli {
namespace {

using nlohmann::ordered_json;

ordered_json json_of(const store::ModelStore& store, const store::Manifest& model, bool finished) {
  return {{"name", model.name},
          {"path", finished ? ordered_json(store.file_of(model).string()) : ordered_json(nullptr)},
          {"source", model.source},
          {"commit", model.commit},
          {"quant", model.quant},
          {"files", model.files.size()},
          {"bytes", model.size()},
          {"bytes_there", store.bytes_there(model)},
          {"pulled", model.pulled},
          {"complete", finished && store.is_complete(model)}};
}

// Converts "2025-07-04T09:05:07Z" to "2025-07-04 09:05".
std::string day_and_time(std::string time) {
  std::ranges::replace(time, 'T', ' ');
  return time.substr(0, 16);
}

void print_table(const store::ModelStore& store, const std::vector<store::Manifest>& models,
                 const std::vector<store::Manifest>& unfinished) {
  std::size_t width = 4;
  for (const auto* const list : {&models, &unfinished}) {
    for (const store::Manifest& model : *list) width = std::max(width, model.name.size());
  }
  fmt::print("{:<{}}  {:>10}  {:<10}  {}\n", "NAME", width, "SIZE", "QUANT", "PULLED");
  for (const store::Manifest& model : models) {
    const std::string quant = model.quant.empty() ? "-" : model.quant;
    const std::string when =
        store.is_complete(model) ? day_and_time(model.pulled) : "its files are gone; pull it again";
    fmt::print("{:<{}}  {:>10}  {:<10}  {}\n", printable(model.name, 200), width, format_bytes(model.size()), quant,
               when);
  }
  for (const store::Manifest& model : unfinished) {
    const std::string quant = model.quant.empty() ? "-" : model.quant;
    fmt::print("{:<{}}  {:>10}  {:<10}  {} of it so far; `rocmforge pull` goes on\n", printable(model.name, 200), width,
               format_bytes(model.size()), quant, format_bytes(store.bytes_there(model)));
  }
}

void models(bool json) {
  const store::ModelStore store = open_store();
  const std::vector<store::Manifest> models = store.models();
  const std::vector<store::Manifest> unfinished = store.unfinished();
  if (json) {
    ordered_json list = ordered_json::array();
    for (const store::Manifest& model : models) list.push_back(json_of(store, model, true));
    for (const store::Manifest& model : unfinished) list.push_back(json_of(store, model, false));
    return fmt::print("{}\n", dump_json(list, 2));
  }
  if (models.empty() && unfinished.empty()) {
    return fmt::print("there are no models in {}; `rocmforge pull hf:ORG/REPO` fetches one\n", store.root().string());
  }
  print_table(store, models, unfinished);
}

}  // namespace

Command models_command() {
  const auto json = std::make_shared<bool>(false);
  return {
      .name = "models",
      .summary = "List the models in the store",
      .details =
          "Their names can be used wherever a command takes a MODEL. A part of the name\n"
          "hf:ORG/REPO:QUANT is enough if it matches only one model: REPO, REPO:QUANT or\n"
          "ORG/REPO, in upper or lower case and without -GGUF at the end.",
      .examples =
          "  rocmforge models\n"
          "  rocmforge models --json",
      .arguments = {{.names = "--json", .value = "", .help = "Print the list as JSON", .place = json.get()}},
      .run = [json] { models(*json); },
  };
}

}  // namespace rocmforge::cli
