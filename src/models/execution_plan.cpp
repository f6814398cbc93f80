#include "models/execution_plan.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge::models {
namespace {

// Returns the bytes of each layer's tensors. Tensors before the layers count for the first, tensors after them for the
// last.
std::vector<std::uint64_t> bytes_by_layer(const gguf::File& file, const DecoderSpec& spec) {
  const std::size_t layers = spec.layers.size();
  std::vector<std::uint64_t> bytes(layers);
  for (const gguf::Tensor& tensor : file.tensors()) {
    const std::size_t block = tensor.name.find("blk.");
    std::size_t layer = tensor.name.starts_with("output") ? layers - 1 : 0;
    if (block != std::string_view::npos) {
      if (tensor.name.substr(0, block) != spec.prefix) continue;  // belongs to the encoder, or to the decoder
      const auto [end, failure] =
          std::from_chars(tensor.name.data() + block + 4, tensor.name.data() + tensor.name.size(), layer);
      if (failure != std::errc() || layer >= layers) continue;  // a layer that does not run
    }
    bytes[layer] += tensor.bytes.size();
  }
  return bytes;
}

// Returns the first layer whose keys another layer uses, or the number of layers if there is none. This layer and all
// later ones must be on one device.
std::size_t first_inseparable(const DecoderSpec& spec) {
  std::size_t source = spec.layers.size();
  for (const LayerSpec& layer : spec.layers) {
    const auto* attention = std::get_if<AttentionSpec>(&layer.mixer);
    if (attention == nullptr || attention->has_own_keys()) continue;
    source = std::min(source, static_cast<std::size_t>(attention->keys_of_layer));
  }
  return source;
}

std::vector<Placement> place(const gguf::File& file, const DecoderSpec& spec, std::span<const Candidate> candidates) {
  const std::vector<std::uint64_t> bytes = bytes_by_layer(file, spec);
  const std::size_t inseparable = first_inseparable(spec);
  std::vector<Placement> placements;
  std::size_t at = 0;
  std::string overflow;  // why the candidate before could not take this layer
  for (std::size_t layer = 0; layer < bytes.size();) {
    const Candidate& candidate = candidates[at];
    const bool is_last = at + 1 == candidates.size();
    Placement placement{candidate.backend, static_cast<int>(layer), 0, 0, candidate.reason + overflow};
    while (layer < bytes.size()) {
      const std::size_t count = layer >= inseparable ? bytes.size() - layer : 1;
      const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(layer);
      const std::uint64_t together =
          std::accumulate(first, first + static_cast<std::ptrdiff_t>(count), std::uint64_t{0});
      if (!is_last && placement.weight_bytes + together > candidate.budget) break;
      placement.weight_bytes += together;
      placement.layers += static_cast<int>(count);
      layer += count;
    }
    if (placement.layers > 0) placements.push_back(placement);
    overflow =
        fmt::format("; {} has room for {} of weights only", candidate.backend->name(), format_bytes(candidate.budget));
    ++at;
  }
  return placements;
}

void explain_placements(std::span<const Placement> placements, std::string_view whose,
                        std::vector<std::string>& lines) {
  for (const Placement& placement : placements) {
    const int last = placement.first_layer + placement.layers - 1;
    const std::string layers = placement.layers == 1 ? fmt::format("layer {}", last)
                                                     : fmt::format("layers {}-{}", placement.first_layer, last);
    lines.push_back(fmt::format("{}{}{}: {} ({}), {} of weights: {}", whose, layers,
                                &placement == &placements.back() ? " and output" : "", placement.backend->name(),
                                placement.backend->description(), format_bytes(placement.weight_bytes),
                                placement.reason));
  }
}

}  // namespace

ExecutionPlan plan_execution(const gguf::File& file, const DecoderSpec& spec, std::span<const Candidate> candidates) {
  RF_CHECK(!candidates.empty());
  if (spec.encoder == nullptr) return {place(file, spec, candidates), {}};
  ExecutionPlan plan;
  plan.of_encoder = place(file, *spec.encoder, candidates);
  std::vector<Candidate> rest(candidates.begin(), candidates.end());
  for (const Placement& placement : plan.of_encoder) {
    std::uint64_t& budget = std::ranges::find(rest, placement.backend, &Candidate::backend)->budget;
    budget -= std::min(budget, placement.weight_bytes);
  }
  plan.placements = place(file, spec, rest);
  return plan;
}

std::vector<std::string> ExecutionPlan::explain() const {
  std::vector<std::string> lines;
  explain_placements(of_encoder, "encoder's ", lines);
  explain_placements(placements, "", lines);
  return lines;
}

}  // namespace rocmforge::models
