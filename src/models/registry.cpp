#include "models/registry.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/text.h"
#include "models/architectures/architectures.h"

namespace rocmforge::models {
namespace {

constexpr std::array kArchitectures = {
    Architecture{"bert", bert, "BERT (encoder)"},
    Architecture{"deepseek2", deepseek2, "DeepSeek 2 and 3"},
    Architecture{"gemma", gemma, "Gemma"},
    Architecture{"gemma2", gemma2, "Gemma 2"},
    Architecture{"gemma3", gemma3, "Gemma 3"},
    Architecture{"gpt-oss", gpt_oss, "gpt-oss"},
    Architecture{"gpt2", gpt2, "GPT-2"},
    Architecture{"llama", llama, "Llama, Mistral, Mixtral, Yi"},
    Architecture{"mamba2", mamba2, "Mamba 2"},
    Architecture{"phi2", phi2, "Phi 2"},
    Architecture{"phi3", phi3, "Phi 3"},
    Architecture{"qwen2", qwen2, "Qwen 2"},
    Architecture{"qwen2moe", qwen2moe, "Qwen 2 with experts"},
    Architecture{"qwen3", qwen3, "Qwen 3"},
    Architecture{"qwen3moe", qwen3moe, "Qwen 3 with experts"},
    Architecture{"starcoder2", starcoder2, "StarCoder 2"},
};

Error unknown(const gguf::Metadata& metadata, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Architecture& architecture : kArchitectures) names.push_back(architecture.name);
  const auto near = closest(name, names);
  const std::string guess = near ? fmt::format("did you mean '{}'? ", *near) : "";
  return Error(
      ErrorCode::kUnsupported,
      fmt::format("{}: architecture '{}' is not one that this version can run", metadata.file(), printable(name)),
      fmt::format("{}known are {}", guess, fmt::join(names, ", ")));
}

}  // namespace

std::span<const Architecture> architectures() { return kArchitectures; }

const Architecture* find_architecture(std::string_view name) {
  const auto found = std::ranges::find(kArchitectures, name, &Architecture::name);
  return found == kArchitectures.end() ? nullptr : &*found;
}

Description describe(const gguf::File& file) {
  // The architecture first: of a file that is no model at all the embeddings are not what is missing.
  const auto name = file.metadata().get<std::string>("general.architecture");
  if (find_architecture(name) == nullptr) throw unknown(file.metadata(), name);
  const gguf::Tensor& table = file.tensor("token_embd.weight");
  if (table.shape.rows() > kMostTokens) {
    throw error(ErrorCode::kMalformed, "{}: tensor 'token_embd.weight' is {}, expected [width, tokens]", file.path(),
                to_string(table.shape));
  }
  return describe({file.metadata(), static_cast<int>(table.shape.rows()),
                   [&file](const std::string& tensor) { return file.find_tensor(tensor) != nullptr; }});
}

Description describe(const Facts& facts) {
  const auto name = facts.metadata.get<std::string>("general.architecture");
  const Architecture* architecture = find_architecture(name);
  if (architecture == nullptr) throw unknown(facts.metadata, name);
  Hyperparameters hyperparameters(facts, name);
  Description description{architecture->describe(hyperparameters), {}};
  description.spec.description = architecture->title;
  description.assumptions = std::move(hyperparameters.assumptions());
  return description;
}

}  // namespace rocmforge::models
