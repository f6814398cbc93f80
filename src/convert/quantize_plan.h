// Decides the format in which each tensor of a model will be stored, before anything is written.
#pragma once

#include <cstdint>
#include <optional>
#include <regex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "convert/mixes.h"
#include "gguf/tensor.h"
#include "quant/formats.h"

namespace rocmforge::convert {

// A tensor of the source model.
struct SourceTensor {
  std::string_view name;
  const quant::Format* format = nullptr;
  gguf::Shape shape;

  std::uint64_t bytes_in(const quant::Format& stored) const {
    return gguf::row_bytes(stored, shape.row_length()) * shape.rows();
  }
};

// The properties of a model that the mixes' rules depend on.
struct ModelTraits {
  std::string architecture;
  int blocks = 0;  // includes next-token-prediction layers
  int next_token_layers = 0;
  int heads = 0;
  int kv_heads = 0;  // of layer 0
  int experts = 0;

  int query_heads_per_kv_head() const { return kv_heads == 0 ? 0 : heads / kv_heads; }
};

// The meaning of the TYPE argument: a mix, or one format for every matrix.
struct Target {
  const Mix* mix = nullptr;
  const quant::Format* format = nullptr;

  std::string_view name() const { return mix != nullptr ? mix->name : format->name; }
  const quant::Format& base() const { return mix != nullptr ? quant::format_of(mix->base) : *format; }
  // The value of general.file_type. Formats of our own, for which the specification has no number, give their id; other
  // formats without a number give none.
  std::optional<std::uint32_t> file_type() const;
};

// Throws Error, which suggests the closest name, if the name is unknown.
Target parse_target(std::string_view type, bool pure);

// A rule `--tensor PATTERN=TYPE`. The pattern is a regular expression that is searched in the tensor's name.
struct TensorRule {
  std::string text;
  std::regex pattern;
  const quant::Format* format;
};

TensorRule parse_tensor_rule(std::string_view text);

struct PlanOptions {
  std::vector<TensorRule> tensor_rules = {};
  bool keep_output = false;
  bool has_imatrix = false;
};

struct PlannedTensor {
  SourceTensor source;
  const quant::Format* target = nullptr;
  // The format that the rules chose, if its blocks do not fit the rows and `target` replaced it; else nullptr.
  const quant::Format* did_not_fit = nullptr;
  bool needs_importance = false;  // the mix gives it so few bits that an importance matrix is required

  bool is_copied() const { return source.format == target; }
  std::uint64_t source_bytes() const { return source.bytes_in(*source.format); }
  std::uint64_t target_bytes() const { return source.bytes_in(*target); }
};

struct QuantizePlan {
  Target target;
  std::vector<PlannedTensor> tensors;  // in the order of the source

  std::uint64_t elements() const;
  std::uint64_t source_bytes() const;
  std::uint64_t target_bytes() const;
  double bits_per_weight() const;
  std::vector<std::string_view> formats_without_encoder() const;
  std::vector<std::string_view> formats_of_our_own() const;
};

QuantizePlan plan_quantization(std::vector<SourceTensor> tensors, const ModelTraits& model, const Target& target,
                               const PlanOptions& options);

}  // namespace rocmforge::convert
