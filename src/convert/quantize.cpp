#include "convert/quantize.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/float_formats.h"
#include "base/text.h"
#include "convert/row_tasks.h"
#include "gguf/writer.h"
#include "models/hyperparameters.h"
#include "quant/codec.h"

namespace rocmforge::convert {
namespace {

// Returns the importance of the matrix to which a row belongs; a stack of experts has separate importances for each.
std::span<const float> importance_of_row(std::span<const float> importance, const SourceTensor& tensor,
                                         std::uint64_t row) {
  if (importance.empty()) return {};
  const std::uint64_t columns = tensor.shape.row_length();
  const std::uint64_t matrix = row / tensor.shape[1] % (importance.size() / columns);
  return importance.subspan(matrix * columns, columns);
}

// Returns the importance of a tensor's columns. llama.cpp's matrices may have another number of columns for token
// embeddings, which are then quantized without importance.
std::span<const float> importance_of(const QuantizeOptions& options, const SourceTensor& tensor) {
  if (options.importance == nullptr) return {};
  const std::span<const float> importance = options.importance->find(tensor.name);
  const std::uint64_t expected = tensor.shape[0] * tensor.shape[2];
  if (importance.empty() || importance.size() == expected) return importance;
  if (role_of(tensor.name) == Role::kTokenEmbedding) return {};
  throw error(ErrorCode::kMalformed, "{}: tensor '{}' has {} importance values, expected {} for its shape {}",
              options.importance->path(), printable(tensor.name), importance.size(), expected, to_string(tensor.shape));
}

std::string unencodable_message(const gguf::File& input, const PlannedTensor& tensor, std::uint64_t row,
                                const quant::Unencodable& bad) {
  const bool by_scale = is_finite(bad.value) && tensor.target->block_values > 1;
  return fmt::format("{}: tensor '{}', row {}, column {}: {} cannot hold {:.8g}{}", input.path(),
                     printable(tensor.source.name), row, bad.column, tensor.target->name, bad.value,
                     by_scale ? ": its block's scale is beyond the format" : "");
}

// Quantizes tasks on several threads; each task writes to its own place.
class Quantizer {
 public:
  Quantizer(const gguf::File& input, const QuantizePlan& plan, const QuantizeOptions& options, gguf::Writer& writer)
      : input_(input), plan_(plan), options_(options), writer_(writer), total_bytes_(plan.source_bytes()) {
    for (const PlannedTensor& tensor : plan.tensors) {
      importance_.push_back(importance_of(options, tensor.source));
      tasks_.add(tensor.source.shape);
    }
  }

  void run() {
    const auto work = [&](const RowTask& task, RowBuffers& buffers) {
      plan_.tensors[task.tensor].is_copied() ? copy(task) : convert(task, buffers);
    };
    tasks_.run(options_.threads, options_.cancel, work, [&](const RowTask& task) { report(task); });
  }

 private:
  std::uint64_t source_row_bytes(const RowTask& task) const {
    const SourceTensor& source = plan_.tensors[task.tensor].source;
    return gguf::row_bytes(*source.format, source.shape.row_length());
  }

  std::span<const std::byte> source_bytes(const RowTask& task) const {
    const std::uint64_t row_bytes = source_row_bytes(task);
    return input_.tensors()[task.tensor].bytes.subspan(task.first_row * row_bytes, task.rows * row_bytes);
  }

  void copy(const RowTask& task) { finish(task, source_bytes(task), task.first_row * source_row_bytes(task)); }

  void convert(const RowTask& task, RowBuffers& buffers) {
    const PlannedTensor& tensor = plan_.tensors[task.tensor];
    const std::uint64_t columns = tensor.source.shape.row_length();
    const std::uint64_t target_row_bytes = gguf::row_bytes(*tensor.target, columns);
    buffers.values.resize(task.rows * columns);
    buffers.blocks.resize(task.rows * target_row_bytes);
    quant::decode_row(*tensor.source.format, source_bytes(task), buffers.values, options_.tier);
    for (std::uint64_t r = 0; r < task.rows; ++r) {
      const std::uint64_t row = task.first_row + r;
      const std::span values(buffers.values.data() + r * columns, columns);
      const std::span blocks(buffers.blocks.data() + r * target_row_bytes, target_row_bytes);
      const auto bad =
          quant::encode_row(*tensor.target, values, importance_of_row(importance_[task.tensor], tensor.source, row),
                            blocks, options_.tier);
      if (bad) throw Error(ErrorCode::kUnsupported, unencodable_message(input_, tensor, row, *bad), hint_for(*bad));
    }
    finish(task, buffers.blocks, task.first_row * target_row_bytes);
  }

  static std::string hint_for(const quant::Unencodable& bad) {
    return is_finite(bad.value) ? "keep this tensor in a wider format: --tensor PATTERN=BF16, say"
                                : "the file is damaged, or its training went wrong";
  }

  // Data read from a file that has since shrunk must not be written.
  void finish(const RowTask& task, std::span<const std::byte> bytes, std::uint64_t offset) {
    input_.check_intact();
    writer_.write_at(task.tensor, offset, bytes);
    const std::uint64_t row_bytes = source_row_bytes(task);
    input_.release(input_.tensors()[task.tensor], task.first_row * row_bytes, task.rows * row_bytes);
    done_bytes_ += task.rows * row_bytes;
  }

  void report(const RowTask& task) const {
    if (!options_.on_progress) return;
    options_.on_progress({done_bytes_, total_bytes_, plan_.tensors[task.tensor].source.name});
  }

  const gguf::File& input_;
  const QuantizePlan& plan_;
  const QuantizeOptions& options_;
  gguf::Writer& writer_;
  RowTasks tasks_;
  std::uint64_t total_bytes_;
  std::vector<std::span<const float>> importance_;
  std::atomic<std::uint64_t> done_bytes_ = 0;
};

// Truncates to 127 bytes, the maximum of these text keys.
std::string shortened(const std::string& text) { return text.substr(0, 127); }

gguf::MetadataBuilder metadata_for(const gguf::File& input, const QuantizePlan& plan, const QuantizeOptions& options) {
  gguf::MetadataBuilder keys;
  for (const gguf::Metadata::Entry& entry : input.metadata().entries()) {
    if (!entry.key.starts_with("split.")) keys.copy(entry.key, entry.value);
  }
  keys.set("general.quantization_version", std::uint32_t{2});
  if (const auto file_type = plan.target.file_type()) {
    keys.set("general.file_type", *file_type);
  } else {
    keys.erase("general.file_type");  // the input's
  }
  if (options.importance != nullptr) {
    keys.set("quantize.imatrix.file", shortened(options.importance->path()));
    keys.set("quantize.imatrix.dataset", shortened(options.importance->dataset()));
    keys.set("quantize.imatrix.entries_count", static_cast<std::uint32_t>(options.importance->entries()));
    if (options.importance->chunks() > 0) keys.set("quantize.imatrix.chunks_count", options.importance->chunks());
  }
  return keys;
}

}  // namespace

ModelTraits traits_of(const gguf::File& file) {
  const gguf::Metadata& keys = file.metadata();
  ModelTraits traits;
  traits.architecture = keys.get_or<std::string_view>("general.architecture", "");
  const auto key_of = [&](std::string_view name) { return fmt::format("{}.{}", traits.architecture, name); };
  const auto checked = [&](std::string_view name, std::int64_t value, int greatest) {
    models::check_range<std::int64_t>(keys, key_of(name), value, 0, greatest);
    return static_cast<int>(value);
  };
  const auto number = [&](std::string_view name, int greatest) {
    return checked(name, keys.find<std::int64_t>(key_of(name)).value_or(0), greatest);
  };
  const auto heads_of_layer_0 = [&](std::string_view name) -> std::optional<int> {
    const gguf::Value* value = keys.value(key_of(name));
    if (value == nullptr) return std::nullopt;
    if (value->type() != gguf::ValueType::kArray) return number(name, models::kMostHeads);
    const auto numbers = keys.get<std::vector<std::int64_t>>(key_of(name));
    return numbers.empty() ? 0 : checked(name, numbers.front(), models::kMostHeads);
  };
  traits.blocks = number("block_count", models::kMostLayers);
  traits.next_token_layers = number("nextn_predict_layers", traits.blocks);
  traits.experts = number("expert_count", models::kMostExperts);
  traits.heads = heads_of_layer_0("attention.head_count").value_or(0);
  traits.kv_heads = heads_of_layer_0("attention.head_count_kv").value_or(traits.heads);
  return traits;
}

std::vector<SourceTensor> tensors_of(const gguf::File& file) {
  std::vector<SourceTensor> tensors;
  for (const gguf::Tensor& tensor : file.tensors()) {
    tensors.push_back({tensor.name, tensor.format, tensor.shape});
  }
  return tensors;
}

void check_feasible(const QuantizePlan& plan, const QuantizeOptions& options) {
  const auto lacking = plan.formats_without_encoder();
  if (!lacking.empty()) {
    throw Error(
        ErrorCode::kUnsupported,
        fmt::format("{} stores tensors as {}, which ROCmForge can read but not write", plan.target.name(),
                    fmt::join(lacking, ", ")),
        fmt::format("IQ2_M, Q2_K and IQ3_XXS are the smallest mixes that it writes{}; --dry-run shows the whole plan",
                    plan.target.base().has_encoder
                        ? fmt::format(", and `--pure {}` uses one format alone", plan.target.base().name)
                        : ""));
  }
  for (const PlannedTensor& tensor : plan.tensors) {
    if (!tensor.is_copied() && tensor.source.shape.row_length() > kLongestRow) {
      throw error(ErrorCode::kTooLarge, "tensor '{}' has rows of {} values, expected at most {}",
                  printable(tensor.source.name), tensor.source.shape.row_length(), kLongestRow);
    }
    const bool weighted = !importance_of(options, tensor.source).empty();
    if (tensor.needs_importance && !weighted) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("{} stores '{}' in {}, which needs {}", plan.target.name(), printable(tensor.source.name),
                              tensor.target->name,
                              options.importance == nullptr
                                  ? "an importance matrix"
                                  : fmt::format("importance values; {} has none for it", options.importance->path())),
                  fmt::format("give a matrix with --imatrix, or choose a larger mix; `--pure {}` does without",
                              plan.target.base().name));
    }
    if (!tensor.is_copied() && !tensor.source.format->is_plain_float() && !options.allow_requantize) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("tensor '{}' is quantized already, as {}", printable(tensor.source.name),
                              tensor.source.format->name),
                  "start from the F16 or BF16 file; --allow-requantize goes on and adds a second loss to the first");
    }
  }
}

std::vector<std::string> quantize(const gguf::File& input, const QuantizePlan& plan, const std::string& output,
                                  const QuantizeOptions& options) {
  check_feasible(plan, options);
  input.refuse_to_overwrite(output);
  std::vector<gguf::TensorSpec> tensors;
  for (const PlannedTensor& tensor : plan.tensors) {
    tensors.push_back({std::string(tensor.source.name), tensor.target, tensor.source.shape});
  }
  gguf::Writer writer(output, metadata_for(input, plan, options), tensors, {.max_bytes = options.split_bytes});
  for (const std::string& path : writer.paths()) input.refuse_to_overwrite(path);
  Quantizer(input, plan, options, writer).run();
  writer.finish();
  return writer.paths();
}

}  // namespace rocmforge::convert
