#include "convert/hugging_face/general_keys.h"

#include <array>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace rocmforge::convert {
namespace {

// Returns a number of parameters with at least two digits: "0.5B", "1.2B", "70B".
std::string rounded(double parameters) {
  struct Unit {
    double size;
    char letter;
  };
  for (const Unit unit : {Unit{1e12, 'T'}, Unit{1e9, 'B'}, Unit{1e6, 'M'}, Unit{1e3, 'K'}}) {
    if (parameters <= unit.size && unit.letter != 'K') continue;
    const double scaled = parameters / unit.size;
    const double whole = std::nearbyint(scaled);
    const int digits = whole < 1 ? 0 : static_cast<int>(std::to_string(static_cast<long long>(whole)).size());
    return fmt::format("{:.{}f}{}", scaled, std::max(2 - digits, 0), unit.letter);
  }
  return {};
}

enum class KeptAs { kWhole, kNumber, kText };
struct SamplingKey {
  std::string_view field;  // of generation_config.json
  std::string_view key;    // after "general.sampling."
  KeptAs as;
};
constexpr auto kSamplingKeys = std::to_array<SamplingKey>({
    {"sequence", "sequence", KeptAs::kText},
    {"top_k", "top_k", KeptAs::kWhole},
    {"top_p", "top_p", KeptAs::kNumber},
    {"min_p", "min_p", KeptAs::kNumber},
    {"xtc_probability", "xtc_probability", KeptAs::kNumber},
    {"xtc_threshold", "xtc_threshold", KeptAs::kNumber},
    {"temperature", "temp", KeptAs::kNumber},
    {"penalty_last_n", "penalty_last_n", KeptAs::kWhole},
    {"penalty_repeat", "penalty_repeat", KeptAs::kNumber},
    {"mirostat", "mirostat", KeptAs::kWhole},
    {"mirostat_tau", "mirostat_tau", KeptAs::kNumber},
    {"mirostat_eta", "mirostat_eta", KeptAs::kNumber},
});

void set_sampling_keys(gguf::MetadataBuilder& keys, const Checkpoint& checkpoint) {
  const auto text = checkpoint.read("generation_config.json");
  if (!text) return;
  const std::string path = checkpoint.path_of("generation_config.json");
  const nlohmann::json config = parse_json(*text, path);
  if (!config.is_object()) throw error(ErrorCode::kMalformed, "{}: expected an object", path);
  const auto wrong = [&](const SamplingKey& entry, std::string_view expected) {
    return error(ErrorCode::kMalformed, "{}: '{}' is {}, expected {}", path, entry.field,
                 printable(dump_json(config[entry.field]), 60), expected);
  };
  for (const SamplingKey& entry : kSamplingKeys) {
    if (!config.contains(entry.field) || config[entry.field].is_null()) continue;
    const nlohmann::json& value = config[entry.field];
    const std::string key = fmt::format("general.sampling.{}", entry.key);
    if (entry.as == KeptAs::kText) {
      if (!value.is_string()) throw wrong(entry, "a text");
      keys.set(key, value.get<std::string>());
    } else if (!value.is_number() || std::abs(value.get<double>()) > 1e9) {
      throw wrong(entry, "a number");
    } else if (entry.as == KeptAs::kWhole) {
      keys.set(key, static_cast<std::int32_t>(value.get<double>()));
    } else {
      keys.set(key, static_cast<float>(value.get<double>()));
    }
  }
  // Without sampling the likeliest token is taken, whatever the temperature.
  const bool is_greedy = config.contains("do_sample") && config["do_sample"] == false;
  if (is_greedy && !config.contains("temperature")) keys.set("general.sampling.temp", 0.0f);
}

}  // namespace

std::string size_label(const TensorPlan& plan) {
  double shared = 0, of_expert = 0, experts = 0;
  int stacks = 0;
  for (const PlannedOutput& tensor : plan.tensors) {
    const auto count = static_cast<double>(tensor.count());
    if (tensor.name.ends_with("_exps.weight")) {
      of_expert += count / static_cast<double>(tensor.shape[2]);
      experts += static_cast<double>(tensor.shape[2]);
      ++stacks;
    } else {
      shared += count;
    }
  }
  if (stacks == 0) return rounded(shared);
  return fmt::format("{}x{}", static_cast<int>(experts / stacks), rounded(shared + of_expert));
}

void set_general_keys(gguf::MetadataBuilder& keys, const Checkpoint& checkpoint, const TensorPlan& plan) {
  keys.set("general.type", "model");
  std::filesystem::path folder = std::filesystem::absolute(checkpoint.folder()).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  std::string name = folder.filename().string();
  for (char& c : name) c = c == '-' || c == '_' ? ' ' : c;
  keys.set("general.name", name);
  keys.set("general.size_label", size_label(plan));
  set_sampling_keys(keys, checkpoint);
}

}  // namespace rocmforge::convert
