// Tests that intact folders become GGUF files, and that errors for damaged ones say what is wrong and where.
#include <gtest/gtest.h>

#include "convert/hugging_face/convert.h"
#include "gguf/reader.h"
#include "quant/codec.h"
#include "support/expect_error.h"
#include "support/hugging_face_folder.h"

namespace rocmforge::convert {
namespace {

using quant::FormatId;
using testing::SafetensorsWriter;
using testing::TempFolder;
using testing::write_tiny_qwen3;

ConvertResult convert(const TempFolder& folder, const std::string& type = "") {
  return convert_folder(folder / "hf", folder / "out.gguf", {.type = type});
}

std::vector<float> values_of(const gguf::File& file, std::string_view name) {
  const gguf::Tensor& tensor = file.tensor(name);
  std::vector<float> values(tensor.shape.count());
  quant::decode_row(*tensor.format, tensor.bytes, values);
  return values;
}

TEST(ConvertFolder, WritesAModelThatTheReaderAccepts) {
  const TempFolder folder;
  write_tiny_qwen3(folder);
  folder.write("hf/generation_config.json",
               R"({"do_sample":false,"temperature":0.0,"top_k":20,"repetition_penalty":1.1})");
  const ConvertResult result = convert(folder);
  EXPECT_EQ(result.architecture, "qwen3");
  EXPECT_EQ(result.tensors, 13u);
  ASSERT_EQ(result.assumptions.size(), 1u);
  const gguf::File file = gguf::File::open(folder / "out.gguf");
  const gguf::Metadata& keys = file.metadata();
  EXPECT_EQ(keys.get<std::string>("tokenizer.ggml.model"), "none");
  EXPECT_EQ(keys.get<std::string>("general.architecture"), "qwen3");
  EXPECT_EQ(keys.get<int>("qwen3.attention.key_length"), 16);
  EXPECT_EQ(keys.get<float>("qwen3.rope.freq_base"), 10000.0f);
  EXPECT_EQ(keys.get<float>("general.sampling.temp"), 0.0f);
  EXPECT_EQ(keys.get<int>("general.sampling.top_k"), 20);
  EXPECT_EQ(to_string(file.tensor("blk.0.ffn_down.weight").shape), "[64, 32]");
  EXPECT_EQ(values_of(file, "output_norm.weight")[3], static_cast<float>((3 * 37 + 11) % 127) / 64 - 1);
}

// Norms affect every value after them and are small.
TEST(ConvertFolder, QuantizesMatricesAndKeepsNormsAsTheyAre) {
  const TempFolder folder;
  write_tiny_qwen3(folder);
  EXPECT_EQ(convert(folder, "Q8_0").type, "Q8_0");
  const gguf::File file = gguf::File::open(folder / "out.gguf");
  EXPECT_EQ(file.tensor("blk.0.attn_q.weight").format->id, FormatId::kQ8_0);
  EXPECT_EQ(file.tensor("token_embd.weight").format->id, FormatId::kQ8_0);
  EXPECT_EQ(file.tensor("blk.0.attn_norm.weight").format->id, FormatId::kF32);
  EXPECT_EQ(file.metadata().get<int>("general.file_type"), 7);
  EXPECT_EQ(convert(folder, "BF16").type, "BF16");
  const gguf::File again = gguf::File::open(folder / "out.gguf");
  EXPECT_EQ(values_of(again, "blk.0.attn_q.weight")[5], static_cast<float>((5 * 37 + 11) % 127) / 64 - 1);
}

TEST(ConvertFolder, AnyNumberOfThreadsWritesTheSameBytes) {
  const TempFolder folder;
  write_tiny_qwen3(folder);
  convert_folder(folder / "hf", folder / "one.gguf", {.type = "Q4_0", .threads = 1});
  convert_folder(folder / "hf", folder / "three.gguf", {.type = "Q4_0", .threads = 3});
  EXPECT_EQ(testing::read_text(folder / "one.gguf"), testing::read_text(folder / "three.gguf"));
}

// Writes two shards and their index.
void write_shards(const TempFolder& folder, const std::string& second_shard = "model-00002-of-00002.safetensors") {
  SafetensorsWriter first, second;
  std::string map;
  for (const auto& [name, shape] : testing::tiny_qwen3_tensors(40)) {
    const bool is_second = name.find("mlp") != std::string::npos;
    (is_second ? second : first).add(name, shape);
    map += fmt::format(R"({}"{}":"{}")", map.empty() ? "" : ",", name,
                       is_second ? second_shard : "model-00001-of-00002.safetensors");
  }
  folder.write("hf/model-00001-of-00002.safetensors", first.bytes());
  folder.write("hf/model-00002-of-00002.safetensors", second.bytes());
  folder.write("hf/model.safetensors.index.json", R"({"metadata":{},"weight_map":{)" + map + "}}");
  folder.write("hf/config.json", testing::tiny_qwen3_config(40));
}

TEST(ConvertFolder, ReadsShards) {
  const TempFolder folder;
  write_shards(folder);
  EXPECT_EQ(convert(folder).tensors, 13u);
  std::filesystem::remove(folder / "hf/model.safetensors.index.json");
  EXPECT_EQ(convert(folder).tensors, 13u);
}

TEST(ConvertFolder, NamesAShardThatIsMissing) {
  const TempFolder folder;
  write_shards(folder);
  std::filesystem::remove(folder / "hf/model-00002-of-00002.safetensors");
  EXPECT_ERROR(convert(folder), "the shard 'model-00002-of-00002.safetensors' is missing");
  std::filesystem::remove(folder / "hf/model.safetensors.index.json");
  EXPECT_ERROR(convert(folder), "'model-00002-of-00002.safetensors' is missing, one of 2 shards");
  EXPECT_FALSE(std::filesystem::exists(folder / "out.gguf"));
}

// An index must not refer to files outside the folder.
TEST(ConvertFolder, RefusesAShardOutsideTheFolder) {
  for (const std::string name : {"../model-00002-of-00002.safetensors", "/etc/passwd", "sub/x.safetensors", "..", ""}) {
    const TempFolder folder;
    write_shards(folder, name);
    EXPECT_ERROR(convert(folder), "expected the name of a file in the same folder");
  }
}

TEST(ConvertFolder, RefusesAnIndexThatLies) {
  const TempFolder folder;
  write_shards(folder, "model-00001-of-00002.safetensors");
  EXPECT_ERROR(convert(folder), "is said to be in 'model-00001-of-00002.safetensors', which does not have it");
  folder.write("hf/model.safetensors.index.json", R"({"weight_map":[]})");
  EXPECT_ERROR(convert(folder), "'weight_map' is missing or not an object");
  folder.write("hf/model.safetensors.index.json", R"({"weight_map":{"a":7}})");
  EXPECT_ERROR(convert(folder), "the shard of 'a' is not a string");
}

// Writes a folder in which one tensor has another shape or is missing.
void write_changed(const TempFolder& folder, const std::string& changed, const std::vector<std::uint64_t>& shape) {
  SafetensorsWriter writer;
  for (const auto& [name, usual] : testing::tiny_qwen3_tensors(40)) {
    if (name != changed) writer.add(name, usual);
  }
  if (!shape.empty()) writer.add(changed, shape);
  folder.write("hf/model.safetensors", writer.bytes());
  folder.write("hf/config.json", testing::tiny_qwen3_config(40));
}

TEST(ConvertFolder, NamesATensorOfTheWrongShape) {
  const TempFolder folder;
  write_changed(folder, "model.layers.0.self_attn.k_proj.weight", {24, 32});
  EXPECT_ERROR(convert(folder), "tensor 'blk.0.attn_k.weight' is [32, 24], expected [32, 16]");
  EXPECT_ERROR(convert(folder), "it is made from 'model.layers.0.self_attn.k_proj.weight', which is [24, 32]");
  write_changed(folder, "model.layers.0.mlp.up_proj.weight", {});
  EXPECT_ERROR(convert(folder), "blk.0.ffn_up.weight");
  write_changed(folder, "model.layers.0.self_attn.mystery.weight", {4});
  EXPECT_ERROR(convert(folder), "tensor 'model.layers.0.self_attn.mystery.weight' has no name in GGUF files");
  EXPECT_FALSE(std::filesystem::exists(folder / "out.gguf"));
}

TEST(ConvertFolder, NamesWhatIsWrongWithTheConfiguration) {
  const TempFolder folder;
  write_tiny_qwen3(folder);
  const auto with = [&](const std::string& config) { return folder.write("hf/config.json", config); };
  with(R"({"architectures":["NoSuchForCausalLM"],"hidden_size":32,"num_hidden_layers":1})");
  EXPECT_ERROR(convert(folder), "the class 'NoSuchForCausalLM' is not supported");
  with(R"({"architectures":["Qwen3ForCausalLM"],"hidden_size":-32,"num_hidden_layers":1})");
  EXPECT_ERROR(convert(folder), "'hidden_size' is -32, expected a count");
  with(R"({"architectures":["Qwen3ForCausalLM"],"hidden_size":32})");
  EXPECT_ERROR(convert(folder), "'num_hidden_layers' or");
  with(R"({"architectures":["Qwen3ForCausalLM"],"hidden_size":"x","num_hidden_layers":1})");
  EXPECT_ERROR(convert(folder), R"('hidden_size' is "x", expected a count)");
  with(R"({"architectures":["Qwen3ForCausalLM"],"hidden_size":32,"num_hidden_layers":4000000000})");
  EXPECT_ERROR(convert(folder), "the model has 4000000000 layers");
  with("[1]");
  EXPECT_ERROR(convert(folder), "expected an object");
  with(R"({"hidden_size":32})");
  EXPECT_ERROR(convert(folder), "'architectures' is missing");
  std::filesystem::remove(folder / "hf/config.json");
  EXPECT_ERROR(convert(folder), "config.json is missing");
  EXPECT_ERROR(convert_folder(folder / "none", folder / "out.gguf", {}), "no such folder");
}

TEST(ConvertFolder, SaysThatPickledWeightsAreNotRead) {
  const TempFolder folder;
  folder.write("hf/pytorch_model.bin", "x");
  folder.write("hf/config.json", testing::tiny_qwen3_config(40));
  EXPECT_ERROR(convert(folder), "pickled");
}

TEST(ConvertFolder, NamesAnExpertThatIsMissing) {
  const TempFolder folder;
  write_tiny_qwen3(folder);
  SafetensorsWriter writer;
  for (const int expert : {0, 2})
    writer.add(fmt::format("model.layers.0.mlp.experts.{}.up_proj.weight", expert), {8, 32});
  folder.write("hf/model.safetensors", writer.bytes());
  EXPECT_ERROR(convert(folder), "number 1 of 'blk.0.ffn_up_exps.weight' is missing");
}

TEST(ConvertFolder, DoesNotOverwriteWhatItReads) {
  const TempFolder folder;
  write_tiny_qwen3(folder);
  EXPECT_ERROR(convert_folder(folder / "hf", folder / "hf/model.safetensors", {}), "is a file of the model");
}

}  // namespace
}  // namespace rocmforge::convert
