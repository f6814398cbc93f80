// Mamba 2: layers that carry a state from position to position in place of attention, and no feed-forward part.
#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"

namespace rocmforge::models {
namespace {

Mamba2Spec mamba2_mixer(Hyperparameters& h, float norm_epsilon) {
  Mamba2Spec mamba;
  mamba.inner = h.required("ssm.inner_size", 1, kMostWidth);
  mamba.heads = h.required("ssm.time_step_rank", 1, kMostHeads);
  mamba.groups = h.required("ssm.group_count", 1, kMostHeads);
  mamba.state_size = h.required("ssm.state_size", 1, kMostHeadSize);
  mamba.taps = h.required("ssm.conv_kernel", 1, 64);
  mamba.norm_epsilon = norm_epsilon;
  const auto check = [&](const char* key, int divisor, const char* of, int whole) {
    if (whole % divisor != 0)
      throw h.wrong("'{}' is {}, not a divisor of '{}' {}", h.key(key), divisor, h.key(of), whole);
  };
  check("ssm.time_step_rank", mamba.heads, "ssm.inner_size", mamba.inner);
  check("ssm.group_count", mamba.groups, "ssm.time_step_rank", mamba.heads);
  check("ssm.group_count", mamba.groups, "ssm.inner_size", mamba.inner);
  return mamba;
}

}  // namespace

DecoderSpec mamba2(Hyperparameters& h) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kRms, false);
  for (LayerSpec& layer : spec.layers) layer.mixer = mamba2_mixer(h, spec.norm.epsilon);
  return spec;
}

}  // namespace rocmforge::models
