// Reorders rows where checkpoints and GGUF files store them in different orders or in different tensors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "convert/hugging_face/config.h"
#include "convert/hugging_face/model_sizes.h"
#include "convert/hugging_face/weight.h"

namespace rocmforge::convert {

struct NamedView {
  std::string suffix;  // "attn_q"
  std::vector<View> pieces;
};

class RowOrders {
 public:
  RowOrders(const Config& config, const ModelSizes& sizes, std::string_view architecture)
      : config_(config), sizes_(sizes), architecture_(architecture) {}

  // Reorders one tensor. `suffix` is the last word of its GGUF name; `role` is its name in the checkpoint.
  std::vector<View> reordered(std::string_view suffix, std::string_view role, const View& view) const;

  // Splits a tensor with the rows [kv heads, query heads per kv head + key + value, head width].
  std::vector<NamedView> grouped_query_key_value(const View& view) const;
  // Splits a tensor with all queries, then all keys, then all values.
  std::vector<NamedView> stacked_query_key_value(const View& view) const;
  // Splits a tensor with the rows [heads, nope + value]; the part of the keys is stored transposed.
  std::vector<NamedView> latent_key_value(const View& view) const;
  // Splits Qwen3-Next's tensor with the rows [key heads, query + key + values + gates].
  std::vector<NamedView> delta_inputs(const View& view) const;
  // Splits a tensor [experts, 2 * ffn, width], or with the last two dimensions exchanged. gpt-oss interleaves gate and
  // up.
  std::vector<NamedView> expert_gate_up(const View& view) const;
  std::vector<NamedView> halves(const View& view, std::string_view first, std::string_view second) const;

  // Returns the shape for the GGUF file, which for some tensors counts dimensions differently. The contiguous dimension
  // is last.
  std::vector<std::uint64_t> final_shape(std::string_view name, const std::vector<View>& pieces) const;

 private:
  // Reorders a head's rows from halves to pairs if the architecture rotates adjacent rows.
  View rotary_pairs(const View& view, std::uint64_t heads) const;
  bool rotates_pairs() const;
  std::vector<View> interleaved_heads(const View& view) const;
  std::vector<View> falcon_heads(const View& view) const;
  std::vector<View> delta_values(std::string_view suffix, const View& view) const;
  std::vector<View> scaled_ssm_input(const View& view) const;
  std::uint64_t count(Config::Names names) const { return config_.required_count(names); }

  const Config& config_;
  const ModelSizes& sizes_;
  std::string_view architecture_;
};

}  // namespace rocmforge::convert
