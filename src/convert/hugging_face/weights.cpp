#include "convert/hugging_face/weights.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/hugging_face/quantized_weights.h"

namespace rocmforge::convert {
namespace {

using quant::FormatId;

// Scales for activations and caches that calibration added; weights do not need them.
constexpr auto kActivationParts = std::to_array<std::string_view>(
    {".input_scale", ".output_scale", ".activation_scale", ".input_global_scale", ".k_scale", ".v_scale", ".q_scale",
     ".prob_scale", ".weight_shape", ".input_zero_point", ".output_zero_point", ".weight_zero_point", ".g_idx"});

// Returns the name without its ending: "a.b." for "a.b.weight" and "weight".
std::string stem_of(const std::string& name, std::string_view ending) {
  return name.substr(0, name.size() - ending.size());
}

class Collector {
 public:
  Collector(const Checkpoint& checkpoint, const Config& config) : checkpoint_(checkpoint), config_(config) {
    if (const auto method = config.text({"quantization_config.quant_method"})) method_ = *method;
  }

  Weights collect() {
    for (const auto& [name, tensor] : checkpoint_.tensors()) {
      if (!is_part_of_another(name)) add(name, *tensor);
    }
    return std::move(weights_);
  }

 private:
  bool is_quantized() const { return !method_.empty(); }

  const StoredTensor& part(const std::string& name, const std::string& of) const {
    const StoredTensor* found = checkpoint_.find(name);
    if (found != nullptr) return *found;
    throw error(ErrorCode::kMalformed, "{}: tensor '{}' is missing, which '{}' needs", checkpoint_.folder(),
                printable(name), printable(of));
  }

  bool is_part_of_another(const std::string& name) const {
    const auto belongs = [&](std::string_view ending, std::string_view to) {
      return name.ends_with(ending) && checkpoint_.find(stem_of(name, ending) + std::string(to)) != nullptr;
    };
    if (std::ranges::any_of(kActivationParts, [&](std::string_view part) { return name.ends_with(part); })) {
      return is_quantized() || name.ends_with(".g_idx");
    }
    return belongs("_scale_inv", "") || belongs(".weight_scale", ".weight") || belongs(".weight_scale_2", ".weight") ||
           belongs(".weight_scale", ".weight_packed") || belongs(".weight_global_scale", ".weight_packed") ||
           belongs("_scales", "_blocks") || belongs(".qzeros", ".qweight") || belongs(".scales", ".qweight") ||
           (is_quantized() && belongs("_scale", ""));
  }

  void keep(std::unique_ptr<Weight> weight) {
    std::string name = weight->name();
    weights_[std::move(name)] = std::move(weight);
  }

  void add(const std::string& name, const StoredTensor& tensor) {
    const Storage storage{checkpoint_, tensor};
    if (name.ends_with(".qweight")) return add_four_bits(name, storage);
    if (name.ends_with(".weight_packed")) return add_packed(name, storage);
    if (name.ends_with("_blocks")) {
      const std::string stem = stem_of(name, "_blocks");
      return keep(microscaled_weight(stem, storage, part(stem + "_scales", name), quant::format_of(FormatId::kMXFP4)));
    }
    const StoredTensor* scales = checkpoint_.find(name + "_scale_inv");
    if (scales == nullptr) scales = checkpoint_.find(name + "_scale");
    const bool is_fp8 = tensor.element == Element::kF8E4M3 || tensor.element == Element::kF8E5M2;
    if (scales != nullptr && tensor.element == Element::kU8) return add_codes(name, storage, *scales);
    if (is_fp8 && scales != nullptr) {
      if (is_quantized() && has_group_scales(tensor, *scales)) return add_codes(name, storage, *scales);
      return keep(scaled_fp8_weight(name, storage, *scales));
    }
    keep(plain_weight(storage));
  }

  // Returns whether the scales are those of microscaling: E8M0 for every 32 elements of a row.
  static bool has_group_scales(const StoredTensor& codes, const StoredTensor& scales) {
    const bool is_byte = scales.element == Element::kU8 || scales.element == Element::kF8E8M0;
    return is_byte && scales.shape.size() == codes.shape.size() && !codes.shape.empty() && scales.shape.back() > 1 &&
           scales.shape.back() == codes.shape.back() / 32;
  }

  void add_four_bits(const std::string& name, const Storage& words) {
    const std::string stem = stem_of(name, "qweight");
    const FourBitParts parts{words, part(stem + "qzeros", name), part(stem + "scales", name),
                             checkpoint_.find(stem + "g_idx")};
    if (const auto bits = config_.count({"quantization_config.bits", "quantization_config.w_bit"});
        bits && *bits != 4) {
      throw error(ErrorCode::kUnsupported, "{}: 'quantization_config.bits' is {}, expected 4", config_.path(), *bits);
    }
    if (method_ == "awq") return keep(awq_weight(stem + "weight", parts));
    const bool as_they_are = config_.text({"quantization_config.checkpoint_format"}).value_or("gptq") == "gptq_v2";
    keep(gptq_weight(stem + "weight", parts, as_they_are ? ZeroPoints::kAsTheyAre : ZeroPoints::kLessOne));
  }

  void add_packed(const std::string& name, const Storage& codes) {
    const std::string stem = stem_of(name, "weight_packed");
    const StoredTensor& scales = part(stem + "weight_scale", name);
    if (codes.tensor.element == Element::kU8) {
      keep(nvfp4_weight(stem + "weight", codes, scales));
      return add_factor(stem, checkpoint_.find(stem + "weight_global_scale"), true);
    }
    const auto bits = config_.count({"quantization_config.config_groups.group_0.weights.num_bits"});
    if (bits && *bits != 4) {
      throw error(ErrorCode::kUnsupported, "{}: integers of {} bits, expected 4", config_.path(), *bits);
    }
    if (checkpoint_.find(stem + "weight_zero_point") != nullptr) {
      throw error(ErrorCode::kUnsupported, "{}: tensor '{}' has zero points, which are not supported in this form",
                  checkpoint_.folder(), printable(name));
    }
    keep(packed_integers_weight(stem + "weight", codes, scales));
  }

  // Adds codes with separate scales: NVFP4 as ModelOpt stores it, or microscaling as Quark exports it.
  void add_codes(const std::string& name, const Storage& codes, const StoredTensor& scales) {
    if (scales.element == Element::kF8E4M3) {
      keep(nvfp4_weight(name, codes, scales));
      return add_factor(stem_of(name, "weight"), checkpoint_.find(name + "_scale_2"), false);
    }
    keep(microscaled_weight(name, codes, scales, quant::format_of(microscaling_format(codes.tensor, scales))));
  }

  FormatId microscaling_format(const StoredTensor& codes, const StoredTensor& scales) const {
    const std::string type = config_.text({"quantization_config.global_quant_config.weight.dtype"}).value_or("fp4");
    const std::size_t bytes = codes.bytes.size() / std::max<std::size_t>(scales.bytes.size(), 1);
    if (codes.element == Element::kF8E5M2) return FormatId::kFP8_E5M2;
    if (bytes == 32) return FormatId::kFP8_E4M3;
    if (bytes == 24) return type.find("e3m2") != std::string::npos ? FormatId::kMXFP6_E3M2 : FormatId::kMXFP6_E2M3;
    return FormatId::kMXFP4;
  }

  // Adds NVFP4's factor for the whole tensor, by which the product is multiplied. Some files store its reciprocal.
  void add_factor(const std::string& stem, const StoredTensor* stored, bool is_divisor) {
    if (stored == nullptr) return;
    const std::unique_ptr<Weight> number = plain_weight({checkpoint_, *stored});
    if (number->count() != 1) {
      throw error(ErrorCode::kMalformed, "{}: tensor '{}' is {}, expected one number", stored->file,
                  printable(stored->name), to_string(stored->shape));
    }
    std::vector<float> value(1);
    number->read(0, 1, value);
    if (is_divisor) value[0] = 1 / value[0];
    keep(std::make_unique<ComputedWeight>(stem + "scale", std::vector<std::uint64_t>{1}, value));
  }

  const Checkpoint& checkpoint_;
  const Config& config_;
  std::string method_;
  Weights weights_;
};

}  // namespace

Weights weights_of(const Checkpoint& checkpoint, const Config& config) {
  return Collector(checkpoint, config).collect();
}

}  // namespace rocmforge::convert
