// GLM 4: ChatGLM, its successor with more norms, and GLM 4.5 with experts.
#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"
#include "models/architectures/experts.h"

namespace rocmforge::models {
namespace {

// GLM stores gate and up in one matrix.
DecoderSpec glm_like(Hyperparameters& h) {
  DecoderSpec spec = llama_like(h);
  rotate(h, spec, {.pairing = ops::RopePairing::kNeighbours, .states_dimensions = true});
  for (LayerSpec& layer : spec.layers) layer.ffn->is_stored_fused = true;
  return spec;
}

}  // namespace

DecoderSpec chatglm(Hyperparameters& h) { return glm_like(h); }

DecoderSpec glm4(Hyperparameters& h) {
  DecoderSpec spec = glm_like(h);
  normalize_results(spec);
  return spec;
}

DecoderSpec glm4moe(Hyperparameters& h) {
  DecoderSpec spec = attention_only(h);
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves, .states_dimensions = true});
  if (h.has_in_any_layer("attn_q_norm.weight")) normalize_queries_and_keys(spec);
  put_experts(h, spec,
              {.gating = ops::Gating::kSigmoid,
               .weights = ExpertHabits::Weights::kStated,
               .states_scale = true,
               .shared = ExpertHabits::Shared::kByCount});
  for (LayerSpec& layer : spec.layers) layer.norms.ffn = "post_attention_norm";
  return spec;
}

}  // namespace rocmforge::models
