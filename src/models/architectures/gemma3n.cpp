// Gemma 3n and 4: each layer has its own embedding of the token, the last layers use keys and values of earlier ones,
// and values are normalized.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"
#include "models/architectures/experts.h"

namespace rocmforge::models {
namespace {

// Sets attention without a scale, with normalized queries, keys and values, and with windows.
void set_attention(Hyperparameters& h, DecoderSpec& spec, const std::vector<bool>& windowed) {
  const int window = h.required("attention.sliding_window", 1, kMostContext);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t i) {
    attention.scale = 1;
    attention.normalizes_values = true;
    attention.query_key_norm = QueryKeyNormSpec{};
    attention.window = windowed[i] ? window : 0;
  });
}

float window_base(Hyperparameters& h) {
  return h.expected_number("rope.freq_base_swa", 10000, kLeastRopeBase, kMostRopeBase);
}

// Each of the last layers uses keys and values of the last earlier layer with the same kind of attention. The file's
// key and value tensors of these layers are ignored.
void share_keys(Hyperparameters& h, DecoderSpec& spec, const std::vector<bool>& windowed, int usual) {
  const int shared = h.expected("attention.shared_kv_layers", usual, 0, h.layers - 1);
  const int own = h.layers - shared;
  for (int i = own; i < h.layers; ++i) {
    int source = own - 1;
    while (source >= 0 && windowed[static_cast<std::size_t>(source)] != windowed[static_cast<std::size_t>(i)]) --source;
    if (source < 0) {
      throw h.wrong("'{}' is {}: no layer is left whose keys layer {} could use", h.key("attention.shared_kv_layers"),
                    shared, i);
    }
    std::get<AttentionSpec>(spec.layers[static_cast<std::size_t>(i)].mixer).keys_of_layer = source;
    for (const char* name : {"attn_k.", "attn_v.", "attn_k_norm."}) {
      spec.ignored_tensors.push_back(fmt::format("blk.{}.{}", i, name));
    }
  }
}

DecoderSpec gemma_with_layer_inputs(Hyperparameters& h) {
  DecoderSpec spec = llama_like(h);
  spec.embedding_scale = std::sqrt(static_cast<float>(h.width));
  for (LayerSpec& layer : spec.layers) layer.ffn->activation = ops::Activation::kGeluTanh;
  normalize_results(spec);
  return spec;
}

}  // namespace

// ---- Gemma 3n ----

namespace {

// Returns, per layer, how many standard deviations above their mean gates must be to be kept; minus infinity keeps all.
// The default is that of the published models.
std::vector<float> outliers_of(Hyperparameters& h) {
  constexpr float kUsual = 1.6448533535f;
  constexpr std::size_t kSparseLayers = 10;
  const std::string key = h.key("activation_sparsity_scale");
  std::vector<float> scales = h.metadata().per_layer<float>(key, static_cast<std::size_t>(h.stored_layers()));
  if (!scales.empty()) return scales;
  h.assume(fmt::format("'{}' is missing: {} is assumed for the first {} layers", key, kUsual, kSparseLayers), true);
  scales.assign(static_cast<std::size_t>(h.stored_layers()), -std::numeric_limits<float>::infinity());
  std::fill_n(scales.begin(), std::min(kSparseLayers, scales.size()), kUsual);
  return scales;
}

void set_outliers(Hyperparameters& h, DecoderSpec& spec) {
  const std::vector<float> scales = outliers_of(h);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if (std::isinf(scales[i]) && scales[i] < 0) continue;
    if (!(std::abs(scales[i]) <= 100)) {
      throw h.wrong("'{}' holds {}, expected -100 to 100", h.key("activation_sparsity_scale"), scales[i]);
    }
    spec.layers[i].ffn->outliers = scales[i];
  }
}

// Returns the rank of the LAuReL matrices, which no key states. The default, if there are no tensors yet, is that of
// the published models.
int laurel_rank(Hyperparameters& h) {
  const auto down = h.shape_of("blk.0.laurel_l.weight");
  const auto up = h.shape_of("blk.0.laurel_r.weight");
  if (!down || !up) return 64;
  if (down->rows() != (*up)[0] || down->rows() > static_cast<std::uint64_t>(kMostWidth)) {
    throw h.wrong("tensor 'blk.0.laurel_l.weight' is {}, which does not fit 'blk.0.laurel_r.weight' {}",
                  to_string(*down), to_string(*up));
  }
  return static_cast<int>(down->rows());
}

}  // namespace

constexpr int kOwnKeyLayers = 20;  // layers with their own keys in the published models; used if the file does not say

DecoderSpec gemma3n(Hyperparameters& h) {
  DecoderSpec spec = gemma_with_layer_inputs(h);
  spec.layer_inputs.width = h.expected("embedding_length_per_layer_input", 256, 1, kMostWidth / 64);
  if (!h.has("attention.sliding_window_pattern")) {
    h.assume(fmt::format("'{}' is missing: windows on four layers of five", h.key("attention.sliding_window_pattern")),
             true);
  }
  const std::vector<bool> windowed = windowed_layers(h, 5);
  set_attention(h, spec, windowed);
  const RopeSpec rope = rope_of(h, h.key_size(), {.pairing = ops::RopePairing::kHalves});
  const float base = window_base(h);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t i) {
    attention.rope = rope;
    if (windowed[i]) attention.rope->base = base;
  });
  share_keys(h, spec, windowed, std::max(0, h.layers - kOwnKeyLayers));
  set_outliers(h, spec);
  spec.logit_soft_cap = expected_soft_cap(h, "final_logit_softcapping", 30);
  spec.altup.streams = h.expected("altup.num_inputs", 4, 2, 16);
  if (h.optional("altup.active_idx", 0, 0, spec.altup.streams - 1) != 0) {
    throw error(ErrorCode::kUnsupported, "{}: '{}' is not 0, which no published model has", h.metadata().file(),
                h.key("altup.active_idx"));
  }
  spec.altup.laurel_rank = laurel_rank(h);
  for (LayerSpec& layer : spec.layers) layer.form = LayerForm::kAltUp;
  return spec;
}

// ---- Gemma 4 ----

namespace {

// Windowed layers have other head sizes.
void set_head_sizes(Hyperparameters& h, DecoderSpec& spec, const std::vector<bool>& windowed) {
  const int key = h.required("attention.key_length_swa", 1, kMostHeadSize);
  const int value = h.required("attention.value_length_swa", 1, kMostHeadSize);
  const RopeSpec full = rope_of(h, h.key_size(), {.pairing = ops::RopePairing::kHalves, .states_dimensions = true});
  const RopeSpec of_window = {.pairing = ops::RopePairing::kHalves,
                              .dimensions = h.expected("rope.dimension_count_swa", key, 1, kMostHeadSize),
                              .base = window_base(h),
                              .has_divisors = false};
  if (of_window.dimensions % 2 != 0 || of_window.dimensions > key) {
    throw h.wrong("'{}' is {}, expected an even number up to '{}' {}", h.key("rope.dimension_count_swa"),
                  of_window.dimensions, h.key("attention.key_length_swa"), key);
  }
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t i) {
    attention.rope = windowed[i] ? of_window : full;
    if (!windowed[i]) return;
    attention.key_size = key;
    attention.value_size = value;
  });
}

// Layers without a window may lack value matrices: either all of them or none.
void find_values(Hyperparameters& h, DecoderSpec& spec, const std::vector<bool>& windowed) {
  bool full_layers_have = false;
  for (std::size_t i = 0; i < windowed.size(); ++i) {
    full_layers_have |= !windowed[i] && h.has_tensor(fmt::format("blk.{}.attn_v.weight", i));
  }
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t i) {
    attention.has_values = windowed[i] || full_layers_have;
    if (attention.has_values || attention.key_size == attention.value_size) return;
    throw h.wrong("'{}' is {}, but '{}' is {}, and the keys are also the values", h.key("attention.key_length"),
                  attention.key_size, h.key("attention.value_length"), attention.value_size);
  });
}

// Adds experts beside the dense part in the layers that have them.
void put_experts_beside(Hyperparameters& h, DecoderSpec& spec) {
  std::optional<ExpertsSpec> experts;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if (!has_experts(h, i)) continue;
    if (!experts) experts = experts_by(h, {.weights = ExpertHabits::Weights::kRenormalized});
    spec.layers[i].ffn->experts = experts;
    spec.layers[i].ffn->has_dense_beside = true;
  }
}

}  // namespace

DecoderSpec gemma4(Hyperparameters& h) {
  DecoderSpec spec = gemma_with_layer_inputs(h);
  spec.layer_inputs.width = h.required("embedding_length_per_layer_input", 0, kMostWidth / 64);
  const std::vector<bool> windowed = stated_windowed_layers(h);
  set_attention(h, spec, windowed);
  allow_attention_biases(spec, Need::kNever);
  set_head_sizes(h, spec, windowed);
  find_values(h, spec, windowed);
  share_keys(h, spec, windowed, 0);
  spec.logit_soft_cap = soft_cap_or_none(h, "final_logit_softcapping");
  const Need output_scale = h.has_in_any_layer("layer_output_scale.weight") ? Need::kRequired : Need::kNever;
  for (LayerSpec& layer : spec.layers) layer.stored_output_scale = output_scale;
  if (h.experts > 0) put_experts_beside(h, spec);
  return spec;
}

}  // namespace rocmforge::models
