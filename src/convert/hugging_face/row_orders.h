// Where checkpoints and GGUF files keep the same rows in different orders, or in different tensors.
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

  // One tensor, by the GGUF name's last word and the checkpoint's role.
  std::vector<View> reordered(std::string_view suffix, std::string_view role, const View& view) const;

  // [kv heads, its query heads + key + value, head width] rows.
  std::vector<NamedView> grouped_query_key_value(const View& view) const;
  // All queries, then keys, then values.
  std::vector<NamedView> stacked_query_key_value(const View& view) const;
  // Rows of [heads, nope + value]; the keys' part is stored transposed.
  std::vector<NamedView> latent_key_value(const View& view) const;
  // Qwen3-Next: rows of [key heads, query + key + values + gates].
  std::vector<NamedView> delta_inputs(const View& view) const;
  // [experts, 2 * ffn, width], or the last two exchanged; gpt-oss interleaves the two.
  std::vector<NamedView> expert_gate_up(const View& view) const;
  std::vector<NamedView> halves(const View& view, std::string_view first, std::string_view second) const;

  // What the GGUF file says where it counts dimensions differently; the contiguous one last.
  std::vector<std::uint64_t> final_shape(std::string_view name, const std::vector<View>& pieces) const;

 private:
  // From halves of a head's rows to pairs, where the architecture rotates neighbours.
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
