// Builds Hugging Face folders: a safetensors file from a list of tensors, and a very small Qwen3.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/temp_folder.h"

namespace rocmforge::testing {

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// Returns the bytes of a safetensors file with this header.
inline std::string safetensors(std::string_view header, std::string_view data) {
  const std::uint64_t size = header.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size).append(header).append(data);
}

class SafetensorsWriter {
 public:
  SafetensorsWriter& add(std::string_view name, std::string_view type, const std::vector<std::uint64_t>& shape,
                         std::string_view bytes) {
    header_ += fmt::format(R"({}"{}":{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})", header_.empty() ? "" : ",",
                           name, type, fmt::join(shape, ","), data_.size(), data_.size() + bytes.size());
    data_ += bytes;
    return *this;
  }
  // Adds a tensor with distinct values, all of them exact in BF16.
  SafetensorsWriter& add(std::string_view name, const std::vector<std::uint64_t>& shape) {
    std::uint64_t count = 1;
    for (const std::uint64_t size : shape) count *= size;
    std::vector<float> values(count);
    for (std::uint64_t i = 0; i < count; ++i) values[i] = static_cast<float>((i * 37 + 11) % 127) / 64 - 1;
    return add(name, "F32", shape, bytes_of(values));
  }
  std::string bytes() const { return safetensors("{" + header_ + "}", data_); }

 private:
  std::string header_;
  std::string data_;
};

inline constexpr std::uint64_t kTinyWidth = 32;

inline std::string tiny_qwen3_config(std::uint64_t vocabulary) {
  return fmt::format(
      R"({{"architectures":["Qwen3ForCausalLM"],"model_type":"qwen3","hidden_size":32,"head_dim":16,)"
      R"("num_attention_heads":2,"num_key_value_heads":1,"num_hidden_layers":1,"intermediate_size":64,)"
      R"("max_position_embeddings":128,"rms_norm_eps":1e-6,"rope_theta":10000.0,"tie_word_embeddings":true,)"
      R"("vocab_size":{}}})",
      vocabulary);
}

// Returns the model's weights by name.
inline std::vector<std::pair<std::string, std::vector<std::uint64_t>>> tiny_qwen3_tensors(std::uint64_t vocabulary) {
  const std::string layer = "model.layers.0.";
  return {{"model.embed_tokens.weight", {vocabulary, kTinyWidth}},
          {"model.norm.weight", {kTinyWidth}},
          {layer + "input_layernorm.weight", {kTinyWidth}},
          {layer + "post_attention_layernorm.weight", {kTinyWidth}},
          {layer + "self_attn.q_proj.weight", {32, kTinyWidth}},
          {layer + "self_attn.k_proj.weight", {16, kTinyWidth}},
          {layer + "self_attn.v_proj.weight", {16, kTinyWidth}},
          {layer + "self_attn.o_proj.weight", {kTinyWidth, 32}},
          {layer + "self_attn.q_norm.weight", {16}},
          {layer + "self_attn.k_norm.weight", {16}},
          {layer + "mlp.gate_proj.weight", {64, kTinyWidth}},
          {layer + "mlp.up_proj.weight", {64, kTinyWidth}},
          {layer + "mlp.down_proj.weight", {kTinyWidth, 64}}};
}

inline void write_tiny_qwen3(const TempFolder& folder, std::uint64_t vocabulary = 40) {
  SafetensorsWriter writer;
  for (const auto& [name, shape] : tiny_qwen3_tensors(vocabulary)) writer.add(name, shape);
  folder.write("hf/model.safetensors", writer.bytes());
  folder.write("hf/config.json", tiny_qwen3_config(vocabulary));
}

}  // namespace rocmforge::testing
