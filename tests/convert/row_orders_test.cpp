// Tests the reordering of rows, row by row: a head that is permuted wrongly still gives fluent nonsense.
#include <numeric>

#include <gtest/gtest.h>

#include "convert/hugging_face/tensor_plan.h"
#include "support/expect_error.h"

namespace rocmforge::convert {
namespace {

// A weight whose numbers count from 0.
std::unique_ptr<Weight> counting_rows(const std::string& name, const std::vector<std::uint64_t>& shape) {
  std::uint64_t count = 1;
  for (const std::uint64_t size : shape) count *= size;
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 0.0f);
  return std::make_unique<ComputedWeight>(name, shape, std::move(values));
}

// Converts a checkpoint with a single weight `name`. If rows move, the numbers are divided by the row's length.
class Planned {
 public:
  Planned(const std::string& architecture, const std::string& weight, const std::vector<std::uint64_t>& shape,
          const std::string& config)
      : config_(
            R"({"architectures":["X"],"num_hidden_layers":1,"hidden_size":2,"num_attention_heads":2,)" + config + "}",
            "config.json") {
    weights_[weight] = counting_rows(weight, shape);
    plan_ = plan_tensors(weights_, config_, architecture);
  }
  std::vector<float> values(const std::string& name) const {
    for (const PlannedOutput& tensor : plan_.tensors) {
      if (tensor.name != name) continue;
      std::vector<float> values(tensor.count());
      tensor.read(0, values);
      return values;
    }
    ADD_FAILURE() << name;
    return {};
  }
  // Returns, for rows of two numbers, the number of each row in the weight.
  std::vector<int> rows(const std::string& name) const {
    std::vector<int> rows;
    const std::vector<float> all = values(name);
    for (std::size_t i = 0; i < all.size(); i += 2) rows.push_back(static_cast<int>(all[i]) / 2);
    return rows;
  }
  std::string shape(const std::string& name) const {
    for (const PlannedOutput& tensor : plan_.tensors) {
      if (tensor.name == name) return to_string(tensor.shape);
    }
    return "";
  }

 private:
  Config config_;
  Weights weights_;
  TensorPlan plan_;
};

TEST(RowOrders, LlamaRotatesNeighboursWhereTheCheckpointRotatesHalves) {
  const Planned q("llama", "model.layers.0.self_attn.q_proj.weight", {8, 2}, R"("num_key_value_heads":1)");
  EXPECT_EQ(q.rows("blk.0.attn_q.weight"), (std::vector<int>{0, 2, 1, 3, 4, 6, 5, 7}));
  const Planned k("llama", "model.layers.0.self_attn.k_proj.weight", {4, 2}, R"("num_key_value_heads":1)");
  EXPECT_EQ(k.rows("blk.0.attn_k.weight"), (std::vector<int>{0, 2, 1, 3}));
  const Planned qwen("qwen2", "model.layers.0.self_attn.q_proj.weight", {8, 2}, R"("num_key_value_heads":1)");
  EXPECT_EQ(qwen.rows("blk.0.attn_q.weight"), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(RowOrders, FusedHeadsAreSortedIntoQueriesKeysAndValues) {
  const Planned neox("gptneox", "gpt_neox.layers.0.attention.query_key_value.weight", {12, 2}, R"("x":0)");
  EXPECT_EQ(neox.rows("blk.0.attn_qkv.weight"), (std::vector<int>{0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11}));
  const Planned falcon("falcon", "transformer.h.0.self_attention.query_key_value.weight", {4, 2},
                       R"("multi_query":true)");
  EXPECT_EQ(falcon.rows("blk.0.attn_qkv.weight"), (std::vector<int>{0, 1, 2, 3}));
  const Planned internlm("internlm2", "model.layers.0.attention.wqkv.weight", {12, 2}, R"("num_key_value_heads":2)");
  EXPECT_EQ(internlm.rows("blk.0.attn_q.weight"), (std::vector<int>{0, 1, 6, 7}));
  EXPECT_EQ(internlm.rows("blk.0.attn_v.weight"), (std::vector<int>{4, 5, 10, 11}));
}

TEST(RowOrders, LatentAttentionIsSplitAndItsKeysTransposed) {
  const Planned split("deepseek2", "model.layers.0.self_attn.kv_b_proj.weight", {6, 2},
                      R"("qk_nope_head_dim":2,"v_head_dim":1)");
  EXPECT_EQ(split.shape("blk.0.attn_k_b.weight"), "[2, 2, 2]");
  EXPECT_EQ(split.values("blk.0.attn_k_b.weight"), (std::vector<float>{0, 2, 1, 3, 6, 8, 7, 9}));
  EXPECT_EQ(split.values("blk.0.attn_v_b.weight"), (std::vector<float>{4, 5, 10, 11}));
}

TEST(RowOrders, ExpertsInOneTensorAreTakenApart) {
  const Planned interleaved("gpt-oss", "model.layers.0.mlp.experts.gate_up_proj_bias", {1, 6}, R"("x":0)");
  EXPECT_EQ(interleaved.values("blk.0.ffn_gate_exps.bias"), (std::vector<float>{0, 2, 4}));
  EXPECT_EQ(interleaved.values("blk.0.ffn_up_exps.bias"), (std::vector<float>{1, 3, 5}));
  const Planned halves("qwen3moe", "model.layers.0.mlp.experts.gate_up_proj", {1, 4, 2}, R"("x":0)");
  EXPECT_EQ(halves.rows("blk.0.ffn_gate_exps.weight"), (std::vector<int>{0, 1}));
  EXPECT_EQ(halves.rows("blk.0.ffn_up_exps.weight"), (std::vector<int>{2, 3}));
  const Planned transposed("llama4", "model.layers.0.feed_forward.experts.down_proj", {1, 3, 2}, R"("x":0)");
  EXPECT_EQ(transposed.values("blk.0.ffn_down_exps.weight"), (std::vector<float>{0, 2, 4, 1, 3, 5}));
}

TEST(RowOrders, ValuesChangeWhereGgufStoresTheResult) {
  const Planned gemma("gemma", "model.layers.0.input_layernorm.weight", {2}, R"("x":0)");
  EXPECT_EQ(gemma.values("blk.0.attn_norm.weight"), (std::vector<float>{1, 2}));
  const Planned mamba("mamba2", "backbone.layers.0.mixer.A_log", {2}, R"("n_groups":1)");
  EXPECT_EQ(mamba.shape("blk.0.ssm_a"), "[1, 2]");
  EXPECT_EQ(mamba.values("blk.0.ssm_a")[0], -1.0f);
  const Planned conv("mamba", "backbone.layers.0.mixer.conv1d.weight", {3, 1, 2}, R"("x":0)");
  EXPECT_EQ(conv.shape("blk.0.ssm_conv1d.weight"), "[2, 3]");
  const Planned gpt2("gpt2", "h.0.attn.c_attn.weight", {2, 3}, R"("x":0)");
  EXPECT_EQ(gpt2.values("blk.0.attn_qkv.weight"), (std::vector<float>{0, 3, 1, 4, 2, 5}));
}

TEST(RowOrders, AShapeThatCannotBeReorderedIsNamed) {
  EXPECT_ERROR(Planned("llama", "model.layers.0.self_attn.q_proj.weight", {7, 2}, R"("x":0)"),
               "tensor 'model.layers.0.self_attn.q_proj.weight' is [7, 2], expected dimension 0 to be a multiple of 2");
  EXPECT_ERROR(Planned("deepseek2", "model.layers.0.self_attn.kv_b_proj.weight", {6, 2}, R"("x":0)"),
               "'qk_nope_head_dim' is missing");
  EXPECT_ERROR(Planned("mamba", "backbone.layers.0.mixer.conv1d.weight", {3, 4, 2}, R"("x":0)"),
               "expected 1 in dimension 1");
  EXPECT_ERROR(Planned("llama", "model.layers.0.self_attn.q_proj.weight", {0, 2}, R"("x":0)"), "none of them 0");
}

}  // namespace
}  // namespace rocmforge::convert
