#include "models/work_per_token.h"

#include <algorithm>

namespace rocmforge::models {

WorkPerToken work_per_token(const gguf::File& file, const DecoderSpec& spec) {
  double share = 1;
  for (const LayerSpec& layer : spec.layers) {
    if (layer.ffn && layer.ffn->experts) {
      share = static_cast<double>(layer.ffn->experts->used) / layer.ffn->experts->count;
    }
  }
  const bool is_tied = spec.is_output_tied(file.find_tensor("output.weight") != nullptr);
  WorkPerToken work;
  for (const gguf::Tensor& tensor : file.tensors()) {
    const bool is_looked_up = (tensor.name == "token_embd.weight" && !is_tied) ||
                              tensor.name == "position_embd.weight" || tensor.name == "per_layer_token_embd.weight" ||
                              tensor.name == "token_types.weight";
    const bool is_ignored = std::ranges::any_of(
        spec.ignored_tensors, [&](const std::string& beginning) { return tensor.name.starts_with(beginning); });
    if (is_looked_up || is_ignored) continue;
    const double used = tensor.name.find("_exps.") == std::string_view::npos ? 1 : share;
    work.weight_bytes += static_cast<std::uint64_t>(used * static_cast<double>(tensor.bytes.size()));
    if (tensor.shape.rank() < 2) continue;
    const bool is_output = tensor.name == "output.weight" || tensor.name == "token_embd.weight";
    std::uint64_t& sum = is_output ? work.output_multiplications : work.multiplications;
    sum += static_cast<std::uint64_t>(used * static_cast<double>(tensor.shape.count()));
  }
  return work;
}

}  // namespace rocmforge::models
