#include "convert/hugging_face/model_sizes.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"

namespace rocmforge::convert {
namespace {

// Bounds the lists that are allocated; no model comes near these sizes.
constexpr std::uint32_t kMostLayers = 1 << 14;
constexpr std::uint32_t kWidestHead = 1 << 16;

void check_limit(const Config& config, std::string_view what, std::uint32_t found, std::uint32_t limit) {
  if (found <= limit) return;
  throw error(ErrorCode::kTooLarge, "{}: the model has {} {}, expected at most {}", config.path(), found, what, limit);
}

}  // namespace

ModelSizes ModelSizes::of(const Config& config, std::string_view architecture) {
  constexpr std::array<std::string_view, 5> kKeepNextToken = {"glm4moe", "bailingmoe2", "exaone-moe", "mimo2", "hy_v3"};
  ModelSizes sizes;
  sizes.layers = config.required_count({"num_hidden_layers", "n_layers", "n_layer", "num_layers"});
  if (std::ranges::find(kKeepNextToken, architecture) != kKeepNextToken.end()) {
    sizes.next_token_layers = config.count({"num_nextn_predict_layers"}).value_or(0);
    sizes.layers += sizes.next_token_layers;
  }
  sizes.width = config.required_count({"hidden_size", "n_embd", "d_model", "dim"});
  sizes.heads = config.count({"num_attention_heads", "n_head", "n_heads", "num_heads"}).value_or(0);
  sizes.kv_heads = config
                       .count({"num_key_value_heads", "attn_config.kv_n_heads", "multi_query_group_num", "num_kv_heads",
                               "n_head_kv"})
                       .value_or(sizes.heads);
  if (architecture == "falcon" && !config.flag({"new_decoder_architecture"}).value_or(false)) {
    sizes.kv_heads = config.flag({"multi_query"}).value_or(true) ? 1 : sizes.heads;
  }
  if (architecture == "starcoder") sizes.kv_heads = config.flag({"multi_query"}).value_or(true) ? 1 : sizes.heads;
  sizes.head_width = config.count({"head_dim", "kv_channels", "d_kv", "attention_head_dim"})
                         .value_or(sizes.heads > 0 ? sizes.width / sizes.heads : 0);
  check_limit(config, "layers", sizes.layers, kMostLayers);
  check_limit(config, "values a head", sizes.head_width, kWidestHead);
  check_limit(config, "values a head", config.count({"global_head_dim"}).value_or(0), kWidestHead);
  return sizes;
}

}  // namespace rocmforge::convert
