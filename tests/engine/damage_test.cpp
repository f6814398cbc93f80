// Tests files that are damaged in one place. Each must give an Error that names the file and the problem, or a model
// that computes the same as the intact one, or one whose description warns of the damage. It must never crash, give
// NaN, use unbounded memory, or silently give another answer.
#include <gtest/gtest.h>

#include "base/log.h"
#include "engine/model_run.h"
#include "models/model_summary.h"
#include "support/damage.h"
#include "support/model_forms.h"
#include "support/model_keys/usual_options.h"

namespace rocmforge::engine {
namespace {

using testing::Damage;
using testing::fuse_experts;
using testing::fuse_query_key_value;
using testing::join_latent_matrices;
using testing::RandomModel;
using testing::RandomModelOptions;
using testing::RopeDivisors;
using testing::usual_options;

// ---- The models that are damaged ----

struct Variant {
  std::string name;
  RandomModelOptions options;
  void (*form)(RandomModel& model) = nullptr;

  friend void PrintTo(const Variant& variant, std::ostream* out) { *out << variant.name; }
};

std::vector<Variant> variants() {
  std::vector<Variant> all;
  for (const models::Architecture& architecture : models::architectures()) {
    all.push_back({std::string(architecture.name), usual_options(architecture.name)});
  }
  RandomModelOptions gemma4 = usual_options("gemma4");
  gemma4.has_experts = true;
  all.push_back({"gemma4_with_experts", gemma4});
  all.push_back({"llama_with_experts", {.architecture = "llama", .has_experts = true}});
  all.push_back({"llama_with_divisors", {.architecture = "llama", .divisors = RopeDivisors::kOne}});
  all.push_back({"llama_with_factors", {.architecture = "llama", .divisors = RopeDivisors::kLongAndShort}});
  all.push_back({"qwen2_fused_with_yarn", {.architecture = "qwen2", .has_yarn = true}, fuse_query_key_value});
  all.push_back({"qwen3moe_fused", usual_options("qwen3moe"), fuse_experts});
  all.push_back({"deepseek2_joint", usual_options("deepseek2"), join_latent_matrices});
  return all;
}

// ---- What may change silently ----

// A key or tensor that may be present or absent in a valid file.
struct Silence {
  std::string_view name;  // the end of the tensor's or key's name
  std::string_view what;
  std::string_view because;
};

constexpr Silence kSilences[] = {
    {"output.weight", "removed", "the embeddings are the output matrix then"},
    {"attn_sinks.weight", "removed", "layers with windows may be without, and those that see everything"},
    {"blk.1.attn_v.weight", "removed", "of Gemma 4's layers that see everything: the keys are the values then"},
    {"ssm_conv1d.bias", "removed", "of the only layer that might have one"},
    {"position_embd.weight", "removed", "ALiBi alone may tell positions apart"},
    {"output.bias", "removed", "few files have it, and nothing else in them tells of it"},
    {"rope_freqs.weight", "removed", "rotary positions without divisors are the rule"},
    {".attention.head_count", "is the integer 1", "any divisor of the width gives the same shapes"},
    {"wkv.head_size", "is the integer 1", "any divisor of the width gives the same shapes"},
    {".context_length", "is the integer 1", "an encoder sees no more of a text than that"},
    {".decoder_start_token_id", "is the integer 1", "any token may be the first"},
    {".nextn_predict_layers", "is the integer 1", "the last layers may be there to predict further tokens"},
    {"activation_sparsity_scale", "is negatively infinite", "gates as they are"},
    {"activation_sparsity_scale", "is the float -1", "a number for all layers may stand for theirs"},
    {"activation_sparsity_scale", "is the float 0", "likewise"},
    {"activation_sparsity_scale", "is the float 1", "likewise"},
    {"activation_sparsity_scale", "is the float 1e-30", "likewise"},
    {"xielu.alpha_n", "is an array of floats", "a number each"},
    {"xielu.alpha_p", "is an array of floats", "a number each"},
    {"xielu.beta", "is an array of floats", "a number each"},
    {"xielu.alpha_n", "is the float -1", "a number for all layers may stand for theirs"},
    {"xielu.alpha_p", "is the float -1", "likewise"},
    {"xielu.beta", "is the float -1", "likewise"},
    {"xielu.eps", "is the float -1", "likewise"},
    {"xielu.alpha_n", "is the float 0", "likewise"},
    {"xielu.alpha_p", "is the float 0", "likewise"},
    {"xielu.beta", "is the float 0", "likewise"},
    {"xielu.alpha_n", "is the float 1", "likewise"},
    {"xielu.alpha_p", "is the float 1", "likewise"},
    {"xielu.beta", "is the float 1", "likewise"},
    {"xielu.alpha_n", "is the float 1e-30", "likewise"},
    {"xielu.alpha_p", "is the float 1e-30", "likewise"},
    {"xielu.beta", "is the float 1e-30", "likewise"},
    {"attention.clamp_kqv", "removed", "no limit"},
    {"attention.clamp_kqv", "is the float 0", "no limit"},
    {"attention.clamp_kqv", "is the float 1", "a limit may be any number"},
    {"attention.indexer.top_k", "is the integer 1", "any number of keys may be chosen"},
    {"attention.indexer.top_k", "is the integer 16384", "any number of keys may be chosen"},
    {"attention.indexer.top_k", "is the integer 1048576", "any number of keys may be chosen"},
    {"attention.max_alibi_bias", "removed", "learned positions may be all there is"},
    {"attention.max_alibi_bias", "is the float 0", "no ALiBi"},
    {"attention.max_alibi_bias", "is the float 1", "a bias may be any number"},
    {"attention.max_alibi_bias", "is the float 1e-30", "a bias may be any number"},
    {"attention.scale", "is the float 0", "no scale of its own, as converters write it"},
    {"attention.scale", "is the float 1", "a scale may be any number"},
    {"attention.value_scale", "is the float 0", "no scale"},
    {"attention.value_scale", "is the float 1", "no scale"},
    {"attention.temperature_scale", "is the float 0", "no temperature"},
    {"attention.temperature_scale", "is the float 1", "a temperature may be any number"},
    {"attention.temperature_scale", "is the float 1e-30", "no temperature, nearly"},
    {"embedding_scale", "is the float 0", "no scale, as converters write it"},
    {"embedding_scale", "is the float 1", "no scale"},
    {"residual_scale", "is the float 0", "no scale, as converters write it"},
    {"residual_scale", "is the float 1", "no scale"},
    {"logit_scale", "is the float 0", "no scale, as converters write it"},
    {"logit_scale", "is the float 1", "no scale"},
    {"rescale_every_n_layers", "is the integer 0", "never"},
    {"rescale_every_n_layers", "is the integer 1", "always"},
    {"smallthinker.attention.sliding_window", "removed", "there is one without windows"},
    {"attention.sliding_window_pattern", "is the integer 1", "a period of one layer: no windows"},
    {"attention.shared_kv_layers", "is the integer 1", "the last layer may share another's keys"},
    {"gemma4.final_logit_softcapping", "removed", "no cap"},
    {"attention.sliding_window", "is the integer 0", "no window"},
    {"attention.sliding_window", "is the integer 1", "a window may have any length"},
    {"attention.sliding_window", "is the integer 16384", "a window may have any length"},
    {"attention.sliding_window", "is the integer 1048576", "a window may have any length"},
    {"logit_softcapping", "is the float 0", "no cap"},
    {"logit_softcapping", "is the float 1", "a cap may be any number"},
    {"expert_gating_func", "is the integer 1", "softmax is stated, and a bias may go with it"},
    {"expert_group_count", "is the integer 0", "no groups"},
    {"expert_group_count", "is the integer 1", "no groups"},
    {"expert_group_used_count", "is the integer 1", "any number of groups may be used"},
    {"expert_used_count", "is the integer 1", "any number of experts may be used"},
    {"expert_weights_scale", "is the float 0", "no scale, as converters write it"},
    {"expert_weights_scale", "is the float 1", "no scale"},
    {"rope.scaling.attn_factor", "is the float 1", "no factor"},
    {"rope.scaling.original_context_length", "is the integer 1", "a length may be any number"},
    {"rope.scaling.yarn_beta_fast", "is the float 1", "a number of turns may be any"},
    {"rope.scaling.factor", "is the float 0", "no scaling, as converters write it"},
    {"rope.scaling.factor", "is the float 1", "no scaling"},
    {"rope.scaling.yarn_log_multiplier", "is the float 0", "no multiplier"},
    {"rope.scaling.yarn_log_multiplier", "is the float 1e-30", "no multiplier, nearly"},
    {"rope.scaling.yarn_log_multiplier", "is the float 1", "a multiplier may be any number"},
};

bool may_be_silent(const Damage& damage) {
  return std::ranges::any_of(kSilences, [&](const Silence& silence) {
    return damage.name.ends_with(silence.name) && damage.what == silence.what;
  });
}

// ---- Outcomes ----

struct Outcome {
  std::optional<Error> error;
  std::vector<float> logits;
  std::vector<std::string> warnings;
};

// `inspect` must work with any file, or say what is wrong.
void expect_summary_or_error(const gguf::File& file) {
  try {
    models::summarize(file);
  } catch (const Error& error) {
    EXPECT_NE(error.code(), ErrorCode::kInternal) << error.message();
  }
}

Outcome outcome_of(const RandomModel& model, std::string_view device = testing::kDevices.front()) {
  Outcome outcome;
  try {
    const testing::ModelFile file(model);
    expect_summary_or_error(file.file());
    for (const models::Assumption& assumption : models::describe(file.file()).assumptions) {
      if (assumption.matters) outcome.warnings.push_back(assumption.what);
    }
    outcome.logits = testing::logits_of(file.file(), device);
  } catch (const Error& error) {
    outcome.error = error;
  }
  return outcome;
}

// Returns "attention.head_count" for "llama.attention.head_count".
std::string_view without_architecture(std::string_view key) { return key.substr(key.find('.') + 1); }
std::string_view without_block(std::string_view tensor) { return tensor.substr(testing::block_of(tensor).size()); }

// If a fused tensor is missing, the error names its first part.
std::string first_part_of(const std::string& fused) {
  constexpr std::pair<std::string_view, std::string_view> kParts[] = {
      {"attn_qkv.weight", "attn_q.weight"},
      {"attn_kv_b.weight", "attn_k_b.weight"},
      {"ffn_gate_up_exps.weight", "ffn_gate_exps.weight"},
  };
  for (const auto& [whole, part] : kParts) {
    if (without_block(fused) == whole) return testing::block_of(fused) + std::string(part);
  }
  return fused;
}

class Judge {
 public:
  explicit Judge(const RandomModel& sound) : sound_(outcome_of(sound)) {
    EXPECT_FALSE(sound_.error) << sound_.error->message();
    EXPECT_TRUE(testing::all_finite(sound_.logits));
  }

  void tensor(const Damage& damage) {
    judge(damage, std::string(without_block(damage.name)), [&](const std::string& message) {
      return message.find(damage.name) != std::string::npos ||
             message.find(first_part_of(damage.name)) != std::string::npos;
    });
  }

  // The Error for a key names it, or a tensor whose shape contradicts it.
  void key(const Damage& damage) {
    const std::string core(without_architecture(damage.name));
    judge(damage, core, [&](const std::string& message) {
      return message.find(core) != std::string::npos || message.find("tensor '") != std::string::npos;
    });
  }

  int judged() const { return judged_; }

 private:
  template <typename IsNamed>
  void judge(const Damage& damage, const std::string& core, IsNamed is_named) {
    ++judged_;
    SCOPED_TRACE(damage.name + " " + damage.what);
    const Outcome outcome = outcome_of(damage.model);
    if (outcome.error) {
      expect_good_error(*outcome.error, is_named(outcome.error->message()));
    } else {
      expect_told(damage, outcome, core);
    }
    for (const std::string_view device : std::span(testing::kDevices).subspan(1)) {
      expect_agreement(outcome, outcome_of(damage.model, device), device, is_quantized(damage.model));
    }
  }

  static void expect_good_error(const Error& error, bool is_named) {
    EXPECT_NE(error.code(), ErrorCode::kInternal) << error.message();
    EXPECT_NE(error.code(), ErrorCode::kOutOfMemory) << error.message();
    EXPECT_TRUE(error.message().starts_with(testing::kRandomModelName)) << error.message();
    EXPECT_TRUE(is_named) << error.message();
  }

  void expect_told(const Damage& damage, const Outcome& outcome, const std::string& core) {
    EXPECT_TRUE(testing::all_finite(outcome.logits));
    const std::vector<float> expected = damage.same_as ? outcome_of(*damage.same_as).logits : sound_.logits;
    const double difference = testing::difference_in_spreads(outcome.logits, expected);
    if (difference == 0 || may_be_silent(damage)) return;
    const bool is_told = std::ranges::any_of(outcome.warnings, [&](const std::string& warning) {
      const bool is_new = std::ranges::find(sound_.warnings, warning) == sound_.warnings.end();
      return is_new && warning.find(core) != std::string::npos;
    });
    EXPECT_TRUE(is_told) << "nobody is told, and the logits move by " << difference << " of their spread";
  }

  // A device may lack a format that the reference supports, and must say so.
  static bool is_quantized(const RandomModel& model) {
    return std::ranges::any_of(model.tensors, [](const auto& tensor) { return tensor.format->block_values > 1; });
  }

  // If activations are rounded to 8 bits, the logits of these models carry no information; the tests of operations have
  // bounds for that.
  static void expect_agreement(const Outcome& reference, const Outcome& outcome, std::string_view device,
                               bool is_quantized) {
    if (outcome.error && !reference.error) {
      EXPECT_EQ(outcome.error->code(), ErrorCode::kUnsupported) << device << ": " << outcome.error->message();
    }
    if (outcome.error) return;
    EXPECT_FALSE(reference.error) << device << ": " << reference.error->message();
    if (is_quantized) {
      EXPECT_TRUE(testing::all_finite(outcome.logits)) << device;
    } else {
      EXPECT_LE(testing::difference_in_spreads(outcome.logits, reference.logits), 1e-3) << device;
    }
  }

  Outcome sound_;
  int judged_ = 0;
};

class DamagedModels : public ::testing::TestWithParam<Variant> {
 protected:
  DamagedModels() { log::set_level(log::Level::kOff); }
  ~DamagedModels() override { log::set_level(log::Level::kInfo); }

  static RandomModel model() {
    RandomModel model = random_model(GetParam().options);
    if (GetParam().form != nullptr) GetParam().form(model);
    return model;
  }
};

TEST_P(DamagedModels, TellOfEveryTensor) {
  const RandomModel sound = model();
  Judge judge(sound);
  testing::for_each_damaged_tensor(sound, [&](const Damage& damage) { judge.tensor(damage); });
  testing::for_each_added_tensor(sound, [&](const Damage& damage) { judge.tensor(damage); });
  EXPECT_GT(judge.judged(), 100);
}

TEST_P(DamagedModels, TellOfEveryKey) {
  const RandomModel sound = model();
  Judge judge(sound);
  testing::for_each_damaged_key(sound, [&](const Damage& damage) { judge.key(damage); });
  EXPECT_GT(judge.judged(), 100);
}

INSTANTIATE_TEST_SUITE_P(All, DamagedModels, ::testing::ValuesIn(variants()), [](const auto& test) {
  std::string name = test.param.name;
  std::erase(name, '-');
  return name;
});

}  // namespace
}  // namespace rocmforge::engine
