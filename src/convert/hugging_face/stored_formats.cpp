#include "convert/hugging_face/stored_formats.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge::convert {
namespace {

using quant::Format;
using quant::format_of;
using quant::FormatId;

// Returns whether a tensor stays float32: it is small and not used in a matrix product, or very sensitive.
bool stays_float32(const PlannedOutput& tensor) {
  constexpr auto kParts =
      std::to_array<std::string_view>({"ffn_gate_inp", "token_types", "position_embd", "ssm_conv1d", "shortconv.conv",
                                       "altup_", "time_mix_", "attn_rel_b", "ssm_a", "ssm_d"});
  if (tensor.shape.rank() == 1 || !tensor.name.ends_with(".weight") || tensor.name.ends_with("norm.weight"))
    return true;
  return std::ranges::any_of(kParts,
                             [&](std::string_view part) { return tensor.name.find(part) != std::string::npos; });
}

bool is_float_type(const Format* format) {
  return format != nullptr &&
         (format->id == FormatId::kF32 || format->id == FormatId::kF16 || format->id == FormatId::kBF16);
}

// Returns whether the format is stored unchanged in GGUF files. Four-bit integers only encode floats and may become a
// float type.
bool is_microscaled(const Format& format) { return !format.is_plain_float() && format.id != FormatId::kQ4_0; }

const Format& most_common(const TensorPlan& plan, const std::vector<const Format*>& formats) {
  std::map<const Format*, std::uint64_t> values;
  for (std::size_t i = 0; i < formats.size(); ++i) {
    if (!stays_float32(plan.tensors[i])) values[formats[i]] += plan.tensors[i].count();
  }
  if (values.empty()) return format_of(FormatId::kF32);
  return *std::ranges::max_element(values, {}, [](const auto& entry) { return entry.second; })->first;
}

// Returns the format of the checkpoint's own data. Blocks that may not be kept become BF16.
const Format& own_format(const PlannedOutput& tensor, bool dequantize) {
  if (stays_float32(tensor)) return format_of(FormatId::kF32);
  const Format& own = tensor.own_format();
  return dequantize && !own.is_plain_float() ? format_of(FormatId::kBF16) : own;
}

StoredFormats by_float_type(const TensorPlan& plan, const Format* type, bool dequantize) {
  StoredFormats chosen;
  bool has_blocks = false;
  for (const PlannedOutput& tensor : plan.tensors) {
    const Format* format = &own_format(tensor, dequantize);
    const bool keeps = stays_float32(tensor) || is_microscaled(*format);
    if (type != nullptr && !keeps) format = type;
    has_blocks |= !format->is_plain_float();
    chosen.of_tensor.push_back(format);
  }
  const Format& most = most_common(plan, chosen.of_tensor);
  const Format* named = type != nullptr && !has_blocks ? type : &most;
  for (const Format* format : chosen.of_tensor) {
    if (!format->is_plain_float()) named = format;  // a reader must be able to decode this format
  }
  chosen.file_type = Target{.format = named}.file_type();
  chosen.name = named->name;
  return chosen;
}

StoredFormats by_mix(const TensorPlan& plan, const ModelTraits& traits, const std::string& type, bool dequantize) {
  const Target target = parse_target(type, false);
  std::vector<SourceTensor> sources;
  for (const PlannedOutput& tensor : plan.tensors) {
    const Format& own = own_format(tensor, dequantize);
    const Format& source = is_microscaled(own) ? own : own.is_plain_float() ? own : format_of(FormatId::kF16);
    sources.push_back({tensor.name, &source, tensor.shape});
  }
  const QuantizePlan quantized = plan_quantization(std::move(sources), traits, target, {});
  if (const auto lacking = quantized.formats_without_encoder(); !lacking.empty()) {
    throw error(ErrorCode::kUnsupported, "{} stores tensors as {}, which ROCmForge can read but not write",
                target.name(), fmt::join(lacking, ", "));
  }
  StoredFormats chosen{.of_tensor = {}, .file_type = target.file_type(), .name = std::string(target.name())};
  for (std::size_t i = 0; i < plan.tensors.size(); ++i) {
    const PlannedTensor& tensor = quantized.tensors[i];
    if (tensor.needs_importance) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("{} stores '{}' in {}, which needs an importance matrix", target.name(),
                              tensor.source.name, tensor.target->name),
                  "convert without --type, then `rocmforge quantize --imatrix`");
    }
    chosen.of_tensor.push_back(is_microscaled(*tensor.source.format) ? tensor.source.format : tensor.target);
  }
  return chosen;
}

}  // namespace

StoredFormats choose_formats(const TensorPlan& plan, const ModelTraits& traits, const std::string& type,
                             bool dequantize) {
  if (type.empty()) return by_float_type(plan, nullptr, dequantize);
  const Format* format = quant::find_format(type);
  if (is_float_type(format)) return by_float_type(plan, format, dequantize);
  return by_mix(plan, traits, type, dequantize);
}

}  // namespace rocmforge::convert
