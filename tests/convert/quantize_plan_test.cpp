// Tests which format each tensor gets from a type or a mix.
#include "convert/quantize_plan.h"

#include <filesystem>
#include <fstream>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "support/llama_shapes.h"
#include "support/reference_data.h"

namespace rocmforge::convert {
namespace {

using enum quant::FormatId;
using testing::LlamaShape;
using testing::NamedShape;

ModelTraits llama_traits(const LlamaShape& llama) {
  return {.architecture = "llama",
          .blocks = static_cast<int>(llama.layers),
          .heads = static_cast<int>(llama.heads),
          .kv_heads = static_cast<int>(llama.kv_heads)};
}

std::vector<SourceTensor> sources(const std::vector<NamedShape>& tensors) {
  std::vector<SourceTensor> list;
  for (const NamedShape& tensor : tensors)
    list.push_back({tensor.name, &quant::format_of(tensor.format), tensor.shape});
  return list;
}

QuantizePlan plan_of(const std::vector<NamedShape>& tensors, const ModelTraits& traits, std::string_view type,
                     const PlanOptions& options = {}, bool pure = false) {
  return plan_quantization(sources(tensors), traits, parse_target(type, pure), options);
}

std::string_view format_of_tensor(const QuantizePlan& plan, std::string_view name) {
  for (const PlannedTensor& tensor : plan.tensors) {
    if (tensor.source.name == name) return tensor.target->name;
  }
  return "no such tensor";
}

void expect_as_computed(const std::vector<NamedShape>& tensors, const LlamaShape& llama, const std::string& mix,
                        const nlohmann::json& want, bool has_imatrix) {
  const QuantizePlan plan = plan_of(tensors, llama_traits(llama), mix, {.has_imatrix = has_imatrix});
  std::map<std::string, int> counts;
  for (const PlannedTensor& tensor : plan.tensors) ++counts[std::string(tensor.target->name)];
  EXPECT_EQ(plan.target_bytes(), want["bytes"].get<std::uint64_t>()) << mix << " imatrix " << has_imatrix;
  EXPECT_NEAR(plan.bits_per_weight(), want["bpw"].get<double>(), 0.0001) << mix;
  EXPECT_EQ(counts, (want["types"].get<std::map<std::string, int>>())) << mix;
}

// Q4_K_M and all other mixes must mean the same here as everywhere else.
TEST(QuantizePlan, GivesTheReferencesSizesOfAllMixes) {
  std::ifstream file(testing::facts_folder() / "quant_mixes.json");
  if (!file)
    GTEST_SKIP() << "no " << testing::facts_folder() / "quant_mixes.json" << "; set ROCMFORGE_FACTS to its folder";
  const auto models = nlohmann::json::parse(file)["check"]["models"];
  int checked = 0;
  for (const auto& [name, llama] :
       {std::pair{"Llama-2-7B", testing::kLlama2_7B}, std::pair{"Llama-3.1-8B", testing::kLlama31_8B}}) {
    const std::vector<NamedShape> tensors = testing::llama_tensors(llama);
    ASSERT_EQ(tensors.size(), models[name]["tensors"].get<std::size_t>());
    for (const auto& [mix, want] : models[name]["mixes"].items()) {
      expect_as_computed(tensors, llama, mix, want, false);
      expect_as_computed(tensors, llama, mix, want.contains("with_imatrix") ? want["with_imatrix"] : want, true);
      ++checked;
    }
  }
  EXPECT_EQ(checked, 70);
}

// Tests two well-known sizes, for a clone without the reference data.
TEST(QuantizePlan, GivesTheKnownSizeOfLlama2) {
  const auto tensors = testing::llama_tensors(testing::kLlama2_7B);
  EXPECT_EQ(plan_of(tensors, llama_traits(testing::kLlama2_7B), "Q4_K_M").target_bytes(), 4080263168u);
  EXPECT_EQ(plan_of(tensors, llama_traits(testing::kLlama2_7B), "Q4_0").target_bytes(), 3825065984u);
}

TEST(Mixes, AreFoundByNameAliasAndNumber) {
  EXPECT_EQ(mixes().size(), 35u);
  EXPECT_EQ(find_mix("q4_k_m")->name, "Q4_K_M");
  EXPECT_EQ(find_mix("Q4_K")->name, "Q4_K_M");
  EXPECT_EQ(find_mix("Q3_K")->name, "Q3_K_M");
  EXPECT_EQ(find_mix("Q5_K")->name, "Q5_K_M");
  EXPECT_EQ(find_mix("15")->name, "Q4_K_M");
  EXPECT_EQ(find_mix("NVFP4"), nullptr);
  EXPECT_EQ(find_mix("4"), nullptr);
  EXPECT_EQ(find_mix(""), nullptr);
}

TEST(ParseTarget, KnowsFormatsThatAreNoMix) {
  EXPECT_EQ(parse_target("nvfp4", false).format->id, kNVFP4);
  EXPECT_EQ(parse_target("FP8_E4M3", false).file_type(), 1003u);
  EXPECT_EQ(parse_target("Q4_K", true).format->id, kQ4_K);
  EXPECT_EQ(parse_target("Q4_K", true).file_type(), 14u);
  EXPECT_EQ(parse_target("Q4_0", true).file_type(), 2u);
  EXPECT_EQ(parse_target("NVFP4", false).file_type(), 39u);
  EXPECT_EQ(parse_target("IQ3_XXS", false).file_type(), 23u);
}

TEST(ParseTarget, RefusesWhatItDoesNotKnowAndSuggestsTheClosest) {
  try {
    parse_target("Q4_KM", false);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_NE(error.message().find("Q4_KM"), std::string::npos);
    EXPECT_NE(error.hint().find("Q4_K_M"), std::string::npos) << error.hint();
  }
  EXPECT_THROW(parse_target("I32", false), Error);
  EXPECT_THROW(parse_target("Q4_K_M", true), Error);  // a mix is not a format
}

std::vector<NamedShape> one(std::string name, gguf::Shape shape, quant::FormatId format = kF16) {
  return {{std::move(name), format, shape}};
}

// A model whose rows are not multiples of 256 must still become small, and the user must be told.
TEST(QuantizePlan, FallsBackWhereRowsDoNotFit) {
  const ModelTraits traits{.architecture = "llama", .blocks = 1};
  const auto plan_row = [&](std::string_view type, std::uint64_t row) {
    return plan_of(one("blk.0.attn_q.weight", {row, 8}), traits, type, {}, true).tensors[0];
  };
  EXPECT_EQ(plan_row("Q4_K", 576).target->id, kQ5_0);
  EXPECT_EQ(plan_row("Q4_K", 576).did_not_fit->id, kQ4_K);
  EXPECT_EQ(plan_row("Q5_K", 576).target->id, kQ5_1);
  EXPECT_EQ(plan_row("Q6_K", 576).target->id, kQ8_0);
  EXPECT_EQ(plan_row("Q2_K", 576).target->id, kQ4_0);
  EXPECT_EQ(plan_row("IQ3_S", 576).target->id, kIQ4_NL);
  EXPECT_EQ(plan_row("Q4_K", 33).target->id, kF16);  // rows of 33 do not fit Q5_0 either
  EXPECT_EQ(plan_row("Q8_0", 33).target->id, kF16);  // which has no substitute
  EXPECT_EQ(plan_row("NVFP4", 96).target->id, kF16);
  EXPECT_EQ(plan_row("Q4_K", 512).did_not_fit, nullptr);
}

TEST(QuantizePlan, LeavesAloneWhatMustNotBeQuantized) {
  const ModelTraits traits{.architecture = "llama", .blocks = 1};
  for (const char* name : {"blk.0.attn_norm.weight", "blk.0.ffn_gate_inp.weight", "blk.0.ssm_conv1d.weight",
                           "position_embd.weight", "token_types.weight", "blk.0.attn_q.bias", "rope_freqs"}) {
    EXPECT_TRUE(plan_of(one(name, {256, 4}), traits, "Q4_K_M").tensors[0].is_copied()) << name;
  }
  EXPECT_TRUE(plan_of(one("blk.0.attn_q.weight", {256}), traits, "Q4_0").tensors[0].is_copied());
  EXPECT_TRUE(plan_of(one("blk.0.attn_q.weight", {256, 1, 1}), traits, "Q4_0").tensors[0].is_copied());
  EXPECT_TRUE(plan_of(one("blk.0.ids.weight", {256, 4}, kI32), traits, "Q4_0").tensors[0].is_copied());
}

TEST(QuantizePlan, FollowsTheUsersRules) {
  const auto tensors = testing::llama_tensors(testing::kLlama2_7B);
  PlanOptions options;
  options.tensor_rules.push_back(parse_tensor_rule("ffn_(up|gate)=Q8_0"));
  options.tensor_rules.push_back(parse_tensor_rule("FFN=Q5_0"));
  options.keep_output = true;
  const QuantizePlan plan = plan_of(tensors, llama_traits(testing::kLlama2_7B), "Q4_K_M", options);
  EXPECT_EQ(format_of_tensor(plan, "blk.3.ffn_up.weight"), "Q8_0");    // the first matching rule
  EXPECT_EQ(format_of_tensor(plan, "blk.3.ffn_down.weight"), "Q5_0");  // case is ignored
  EXPECT_EQ(format_of_tensor(plan, "blk.3.attn_q.weight"), "Q4_K");
  EXPECT_EQ(format_of_tensor(plan, "output.weight"), "F16");
  EXPECT_THROW(parse_tensor_rule("ffn_up"), Error);
  EXPECT_THROW(parse_tensor_rule("ffn_(=Q8_0"), Error);
  EXPECT_THROW(parse_tensor_rule("ffn=Q9"), Error);
  EXPECT_THROW(parse_tensor_rule("=Q8_0"), Error);
}

// With tied embeddings the one matrix serves as output, and gets the output's bits.
TEST(QuantizePlan, TreatsTiedEmbeddingsAsTheOutput) {
  auto tensors = testing::llama_tensors(testing::kLlama2_7B);
  tensors.pop_back();
  const QuantizePlan plan = plan_of(tensors, llama_traits(testing::kLlama2_7B), "Q4_K_M");
  EXPECT_EQ(format_of_tensor(plan, "token_embd.weight"), "Q6_K");
}

TEST(QuantizePlan, PutsExpertsIntoMxfp4AndTheRestIntoQ8) {
  const ModelTraits traits{.architecture = "gpt-oss", .blocks = 1, .experts = 4};
  std::vector<NamedShape> tensors = one("blk.0.ffn_up_exps.weight", {256, 64, 4});
  tensors.push_back({"blk.0.attn_q.weight", kF16, {256, 256}});
  tensors.push_back({"output.weight", kF16, {256, 512}});
  const QuantizePlan plan = plan_of(tensors, traits, "MXFP4_MOE");
  EXPECT_EQ(format_of_tensor(plan, "blk.0.ffn_up_exps.weight"), "MXFP4");
  EXPECT_EQ(format_of_tensor(plan, "blk.0.attn_q.weight"), "Q8_0");
  EXPECT_EQ(format_of_tensor(plan, "output.weight"), "Q8_0");
}

// If a block has several FFN tensors, a tensor's position is its block's number, whatever was counted before.
TEST(QuantizePlan, CountsExpertsByBlock) {
  const ModelTraits traits{.architecture = "qwen2moe", .blocks = 16, .heads = 8, .kv_heads = 8, .experts = 60};
  std::vector<NamedShape> tensors;
  for (int block = 0; block < 16; ++block) {
    const std::string prefix = "blk." + std::to_string(block) + ".";
    tensors.push_back({prefix + "ffn_down_exps.weight", kF16, {256, 64, 60}});
    tensors.push_back({prefix + "ffn_down_shexp.weight", kF16, {256, 64}});
  }
  const QuantizePlan plan = plan_of(tensors, traits, "Q4_K_M");
  for (const char* kind : {"exps", "shexp"}) {
    EXPECT_EQ(format_of_tensor(plan, std::string("blk.1.ffn_down_") + kind + ".weight"), "Q6_K") << kind;
    EXPECT_EQ(format_of_tensor(plan, std::string("blk.3.ffn_down_") + kind + ".weight"), "Q4_K") << kind;
    EXPECT_EQ(format_of_tensor(plan, std::string("blk.15.ffn_down_") + kind + ".weight"), "Q6_K") << kind;
  }
  tensors.push_back({"ffn_down.weight", kF16, {256, 64}});
  EXPECT_THROW(plan_of(tensors, traits, "Q4_K_M"), Error);
}

TEST(QuantizePlan, KnowsWhichMixesNeedAMatrix) {
  const auto tensors = testing::llama_tensors(testing::kLlama2_7B);
  const std::vector<std::string_view> needing = {"IQ1_S", "IQ1_M",   "IQ2_XXS", "IQ2_XS", "IQ2_S",
                                                 "IQ2_M", "IQ3_XXS", "IQ3_XS",  "Q2_K_S"};
  for (const Mix& mix : mixes()) {
    const QuantizePlan plan = plan_of(tensors, llama_traits(testing::kLlama2_7B), mix.name);
    const bool needs = std::ranges::any_of(plan.tensors, &PlannedTensor::needs_importance);
    EXPECT_EQ(needs, std::ranges::find(needing, mix.name) != needing.end()) << mix.name;
  }
  const QuantizePlan pure = plan_of(tensors, llama_traits(testing::kLlama2_7B), "IQ3_XXS", {}, true);
  EXPECT_TRUE(std::ranges::none_of(pure.tensors, &PlannedTensor::needs_importance));
}

TEST(QuantizePlan, KnowsWhichMixesHaveNoEncoder) {
  const auto tensors = testing::llama_tensors(testing::kLlama2_7B);
  for (const Mix& mix : mixes()) {
    const auto lacking = plan_of(tensors, llama_traits(testing::kLlama2_7B), mix.name).formats_without_encoder();
    const bool tiny = mix.name.starts_with("IQ1") || mix.name.starts_with("IQ2_X") || mix.name == "IQ2_S";
    EXPECT_EQ(!lacking.empty(), tiny) << mix.name;
  }
}

}  // namespace
}  // namespace rocmforge::convert
