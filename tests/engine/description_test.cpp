// Tests architectures without reference results against computations that were written from their descriptions alone.
// Each description is complete only with all of its particularities: without any one of them its result is far from the
// engine's.
#include <gtest/gtest.h>

#include "base/log.h"
#include "engine/descriptions/baichuan.h"
#include "engine/descriptions/bert_family.h"
#include "engine/descriptions/plamo2.h"
#include "engine/descriptions/rwkv.h"
#include "engine/descriptions/smallthinker.h"
#include "engine/descriptions/t5.h"
#include "engine/model_run.h"
#include "support/model_keys/usual_options.h"

namespace rocmforge::engine {
namespace {

using testing::RandomModel;
using testing::RandomModelOptions;

// More than float rounding, which the engine has and the descriptions do not.
constexpr double kReferenceTolerance = 1e-4;
constexpr double kDeviceTolerance = 1e-3;
// The minimum effect of a particularity that a test can detect.
constexpr double kVisible = 1e-2;

struct Description {
  std::string name;
  RandomModelOptions options;
  std::vector<float> (*compute)(const RandomModel& model, std::span<const int> tokens, std::string_view dropped);
  std::vector<std::string_view> particularities;
  void (*form)(RandomModel& model) = nullptr;

  friend void PrintTo(const Description& description, std::ostream* out) { *out << description.name; }
};

// Many layers of sharp attention amplify rounding errors so much that they hide the effect.
void halve_matrices(RandomModel& model) {
  for (testing::StoredTensor& tensor : model.tensors) {
    if (!tensor.name.starts_with("blk.") || tensor.shape.rank() < 2 || testing::is_norm(tensor.name)) continue;
    std::vector<float> halves = testing::decode(tensor);
    for (float& value : halves) value /= 2;
    tensor = testing::stored(tensor.name, tensor.shape, halves);
  }
}

RandomModelOptions options_with_layers(std::string_view architecture, int layers) {
  RandomModelOptions options = testing::usual_options(architecture);
  options.layers = layers;
  return options;
}

// There are many layers, so they are narrow; the number of heads is not a power of two, as in the larger model.
RandomModelOptions baichuan_options(int layers) {
  RandomModelOptions options = options_with_layers("baichuan", layers);
  options.width = 24;
  options.heads = 3;
  options.kv_heads = 3;
  options.ffn_width = 16;
  return options;
}

std::vector<Description> descriptions() {
  return {
      {"rwkv6",
       options_with_layers("rwkv6", 3),
       testing::rwkv6,
       {"token shift", "data-dependent lerp", "data-dependent decay", "bonus", "group norm", "gate",
        "receptance of the channel mix", "rescale"}},
      {"rwkv7",
       options_with_layers("rwkv7", 3),
       testing::rwkv7,
       {"token shift", "form of the decay", "value residual", "k_k", "key rate", "removal", "bonus", "group norm",
        "gate"}},
      {"jina_bert_v2",
       options_with_layers("jina-bert-v2", 2),
       testing::jina_bert_v2,
       {"token types", "alibi", "q/k norm", "attn_norm_2", "geglu"}},
      {"nomic_bert_moe",
       options_with_layers("nomic-bert-moe", 4),
       testing::nomic_bert_moe,
       {"token types", "rope", "not renormalised", "gelu of experts", "gelu of the dense part"}},
      {"smallthinker",
       options_with_layers("smallthinker", 5),
       testing::smallthinker,
       {"no rope on every fourth layer", "window", "router from the layer's input", "relu experts", "renormalised"},
       halve_matrices},
      {"plamo2",
       options_with_layers("plamo2", 4),
       testing::plamo2,
       {"q/k norm", "q/k weights per head", "rope", "z and x per head", "z before x", "norms of B, C and dt",
        "a decay a head", "D", "norms after"},
       halve_matrices},
      {"baichuan_7b", baichuan_options(32), testing::baichuan, {"rope", "pairs of neighbours"}, halve_matrices},
      {"baichuan_13b", baichuan_options(40), testing::baichuan, {"alibi"}, halve_matrices},
      {"t5encoder",
       options_with_layers("t5encoder", 2),
       testing::t5_encoder,
       {"no scale", "encoder's buckets", "two sides of buckets", "bidirectional encoder", "gated feed-forward part"}},
  };
}

class Descriptions : public ::testing::TestWithParam<Description> {
 protected:
  Descriptions() { log::set_level(log::Level::kError); }
  ~Descriptions() override { log::set_level(log::Level::kInfo); }

  static RandomModel model() {
    RandomModel model = testing::random_model(GetParam().options);
    if (GetParam().form != nullptr) GetParam().form(model);
    return model;
  }
  static std::vector<float> described(const RandomModel& model, std::string_view dropped = "") {
    const RandomModelOptions& options = GetParam().options;
    const auto tokens = testing::prompt_of(options.vocabulary, options.context);
    return GetParam().compute(model, std::vector<int>(tokens.begin(), tokens.end()), dropped);
  }
};

TEST_P(Descriptions, AreWhatTheEngineComputes) {
  const RandomModel model = Descriptions::model();
  const std::vector<float> expected = described(model);
  for (const std::string_view device : testing::kDevices) {
    const std::vector<float> logits = testing::logits_of(model, device);
    ASSERT_EQ(logits.size(), expected.size());
    const bool is_reference = device == testing::kDevices.front();
    EXPECT_LE(testing::difference_in_spreads(logits, expected), is_reference ? kReferenceTolerance : kDeviceTolerance)
        << device;
  }
}

TEST_P(Descriptions, ChangeWithoutAnyParticularity) {
  const RandomModel model = Descriptions::model();
  const std::vector<float> whole = described(model);
  EXPECT_TRUE(testing::all_finite(whole));
  for (const std::string_view particularity : GetParam().particularities) {
    EXPECT_GT(testing::difference_in_spreads(described(model, particularity), whole), kVisible) << particularity;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Descriptions, ::testing::ValuesIn(descriptions()),
                         [](const auto& test) { return test.param.name; });

// ---- T5, which takes two lists of tokens ----

class T5Description : public ::testing::Test {
 protected:
  static constexpr int kDecoderTokens = 12;

  static RandomModelOptions options() { return testing::usual_options("t5"); }
  static std::vector<int> encoder_tokens() {
    const auto tokens = testing::prompt_of(options().vocabulary, options().context);
    return {tokens.begin(), tokens.end()};
  }
  // Returns the decoder's tokens, beginning with the start token.
  static std::vector<int> decoder_tokens() {
    std::vector<int> tokens = {0};
    while (tokens.size() < kDecoderTokens) {
      tokens.push_back(static_cast<int>(tokens.size()) * 11 % options().vocabulary);
    }
    return tokens;
  }
};

TEST_F(T5Description, ChangesWithoutAnyParticularity) {
  const RandomModel model = testing::random_model(options());
  const std::vector<float> whole = testing::t5_logits(model, encoder_tokens(), decoder_tokens(), "");
  EXPECT_TRUE(testing::all_finite(whole));
  for (const std::string_view particularity :
       {"no scale", "encoder's buckets", "two sides of buckets", "bidirectional encoder", "gated feed-forward part",
        "decoder's own biases", "decoder's buckets all behind", "cross attention"}) {
    const auto without = testing::t5_logits(model, encoder_tokens(), decoder_tokens(), particularity);
    EXPECT_GT(testing::difference_in_spreads(without, whole), kVisible) << particularity;
  }
}

// Returns the engine's logits for the decoder's tokens.
std::vector<float> t5_logits_of(const RandomModel& model, std::span<const int> encoder_tokens,
                                std::span<const int> decoder_tokens, std::string_view device) {
  const testing::ModelFile file(model);
  Runner runner = testing::runner_of(file.file(), open_devices({.device = std::string(device), .threads = 1}));
  return testing::logits_of(runner, encoder_tokens, decoder_tokens);
}

TEST_F(T5Description, IsWhatTheEngineComputes) {
  for (const bool has_own_output : {true, false}) {
    RandomModelOptions options = T5Description::options();
    options.has_own_output = has_own_output;
    const RandomModel model = testing::random_model(options);
    const std::vector<float> expected = testing::t5_logits(model, encoder_tokens(), decoder_tokens(), "");
    for (const std::string_view device : testing::kDevices) {
      const std::vector<float> logits = t5_logits_of(model, encoder_tokens(), decoder_tokens(), device);
      ASSERT_EQ(logits.size(), expected.size());
      const bool is_reference = device == testing::kDevices.front();
      EXPECT_LE(testing::difference_in_spreads(logits, expected), is_reference ? kReferenceTolerance : kDeviceTolerance)
          << device << (has_own_output ? "" : ", tied");
    }
  }
}

}  // namespace
}  // namespace rocmforge::engine
