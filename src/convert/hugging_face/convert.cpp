#include "convert/hugging_face/convert.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/error.h"
#include "base/float_formats.h"
#include "base/text.h"
#include "convert/hugging_face/checkpoint.h"
#include "convert/hugging_face/general_keys.h"
#include "convert/hugging_face/model_classes.h"
#include "convert/hugging_face/model_keys.h"
#include "convert/hugging_face/model_sizes.h"
#include "convert/hugging_face/stored_formats.h"
#include "convert/hugging_face/tokenizer_keys.h"
#include "convert/row_tasks.h"
#include "gguf/memory_image.h"
#include "gguf/writer.h"
#include "models/model.h"
#include "models/registry.h"
#include "quant/codec.h"

namespace rocmforge::convert {
namespace {

// Writes tensors from several threads; each task writes to its own place.
class TensorWriter {
 public:
  TensorWriter(const TensorPlan& plan, const StoredFormats& formats, const Checkpoint& checkpoint,
               const ConvertOptions& options, gguf::Writer& writer)
      : plan_(plan), formats_(formats), checkpoint_(checkpoint), options_(options), writer_(writer) {
    for (const PlannedOutput& tensor : plan.tensors) {
      if (tensor.shape.row_length() > kLongestRow) {
        throw error(ErrorCode::kTooLarge, "tensor '{}' has rows of {} values, expected at most {}", tensor.name,
                    tensor.shape.row_length(), kLongestRow);
      }
      tasks_.add(tensor.shape);
      total_values_ += tensor.count();
    }
  }

  void run() {
    const auto report = [&](const RowTask& task) {
      if (options_.on_progress) options_.on_progress({done_values_, total_values_, plan_.tensors[task.tensor].name});
    };
    tasks_.run(
        options_.threads, options_.cancel, [&](const RowTask& task, RowBuffers& buffers) { write(task, buffers); },
        report);
  }

 private:
  void write(const RowTask& task, RowBuffers& buffers) {
    const PlannedOutput& tensor = plan_.tensors[task.tensor];
    const quant::Format& format = *formats_.of_tensor[task.tensor];
    const std::uint64_t columns = tensor.shape.row_length();
    const std::uint64_t row_bytes = gguf::row_bytes(format, columns);
    const std::uint64_t begin = task.first_row * columns, values = task.rows * columns;
    buffers.blocks.resize(task.rows * row_bytes);
    if (!format.is_plain_float() && &format == &tensor.own_format()) {
      tensor.read_blocks(begin, values, buffers.blocks);
    } else {
      buffers.values.resize(values);
      tensor.read(begin, buffers.values);
      for (std::uint64_t row = 0; row < task.rows; ++row) {
        encode(task, row, std::span(buffers.values).subspan(row * columns, columns),
               std::span(buffers.blocks).subspan(row * row_bytes, row_bytes));
      }
    }
    checkpoint_.check_intact();
    writer_.write_at(task.tensor, task.first_row * row_bytes, buffers.blocks);
    done_values_ += values;
    if (task.first_row + task.rows == tensor.shape.rows()) {
      for (const View& piece : tensor.pieces) piece.weight->release();
    }
  }

  void encode(const RowTask& task, std::uint64_t row, std::span<const float> values,
              std::span<std::byte> blocks) const {
    const quant::Format& format = *formats_.of_tensor[task.tensor];
    const auto bad = quant::encode_row(format, values, {}, blocks, options_.tier);
    if (!bad) return;
    const PlannedOutput& tensor = plan_.tensors[task.tensor];
    throw Error(ErrorCode::kUnsupported,
                fmt::format("tensor '{}', row {}, column {}: {} cannot hold {:.8g}", tensor.name, task.first_row + row,
                            bad->column, format.name, bad->value),
                is_finite(bad->value) ? "a wider type such as --type BF16 holds it"
                                      : "the checkpoint is damaged, or its training went wrong");
  }

  const TensorPlan& plan_;
  const StoredFormats& formats_;
  const Checkpoint& checkpoint_;
  const ConvertOptions& options_;
  gguf::Writer& writer_;
  RowTasks tasks_;
  std::uint64_t total_values_ = 0;
  std::atomic<std::uint64_t> done_values_ = 0;
};

// Returns the checkpoint's name of the GGUF tensor that a message mentions.
std::string origin_of(const std::string& message, const TensorPlan& plan) {
  for (const PlannedOutput& tensor : plan.tensors) {
    if (message.find("'" + tensor.name + "'") == std::string::npos) continue;
    const Weight& weight = *tensor.pieces.front().weight;
    return fmt::format("it is made from '{}', which is {}", printable(weight.name()), to_string(weight.shape()));
  }
  return "the checkpoint may be damaged, or of another model than its config.json says";
}

// Throws the Error with which our own engine would refuse the file, before it is written. Whether the model fits in
// memory is not checked.
void check_loads(const gguf::MetadataBuilder& keys, const std::vector<gguf::TensorSpec>& tensors,
                 const TensorPlan& plan, const std::string& folder) {
  try {
    const gguf::MemoryImage image(keys, tensors);
    const gguf::File file = gguf::File::from_memory(image.bytes(), folder);
    models::check_tensors(file, models::describe(file).spec);
  } catch (const Error& failure) {
    if (failure.code() == ErrorCode::kOutOfMemory) return;
    throw Error(failure.code(), failure.message(), origin_of(failure.message(), plan));
  }
}

Config read_config(const Checkpoint& checkpoint) {
  const auto text = checkpoint.read("config.json");
  if (text) return Config(*text, checkpoint.path_of("config.json"));
  throw Error(ErrorCode::kNotFound, checkpoint.folder() + ": config.json is missing",
              "expected a folder as Hugging Face's libraries write it");
}

std::string known_architecture(const Config& config) {
  const std::string name(architecture_of(config));
  if (!name.empty() && models::find_architecture(name) != nullptr) return name;
  throw error(ErrorCode::kUnsupported, "{}: the class '{}' is not supported", config.path(),
              printable(config.model_class()));
}

ModelTraits traits_of(const Config& config, const std::string& architecture) {
  const ModelSizes sizes = ModelSizes::of(config, architecture);
  ModelTraits traits;
  traits.architecture = architecture;
  traits.blocks = static_cast<int>(sizes.layers);
  traits.next_token_layers = static_cast<int>(sizes.next_token_layers);
  traits.heads = static_cast<int>(sizes.heads);
  traits.kv_heads = static_cast<int>(sizes.kv_heads);
  traits.experts = static_cast<int>(config.count({"num_local_experts", "num_experts", "n_routed_experts"}).value_or(0));
  return traits;
}

std::uint64_t embeddings_of(const TensorPlan& plan, const Config& config) {
  const auto found = std::ranges::find(plan.tensors, "token_embd.weight", &PlannedOutput::name);
  if (found != plan.tensors.end()) return found->shape.rows();
  throw error(ErrorCode::kMalformed, "{}: the checkpoint has no token embeddings", config.path());
}

}  // namespace

ConvertResult convert_folder(const std::string& folder, const std::string& output, const ConvertOptions& options) {
  const Checkpoint checkpoint(folder);
  checkpoint.refuse_to_overwrite(output);
  const Config config = read_config(checkpoint);
  ConvertResult result;
  result.architecture = known_architecture(config);
  const Weights weights = weights_of(checkpoint, config);
  TensorPlan plan = plan_tensors(weights, config, result.architecture);
  const StoredFormats formats =
      choose_formats(plan, traits_of(config, result.architecture), options.type, options.dequantize);

  gguf::MetadataBuilder keys;
  set_model_keys(keys, config, result.architecture);
  for (const auto& entry : plan.keys.entries()) keys.copy(entry);
  set_general_keys(keys, checkpoint, plan);
  result.assumptions = set_tokenizer_keys(keys, checkpoint, config, embeddings_of(plan, config));
  // The reference converter writes this key for all architectures but these two.
  const bool is_silent = result.architecture == "gptneox" || result.architecture == "mpt";
  if (!is_silent && formats.file_type) keys.set("general.file_type", *formats.file_type);
  keys.set("general.quantization_version", std::uint32_t{2});

  std::vector<gguf::TensorSpec> tensors;
  for (std::size_t i = 0; i < plan.tensors.size(); ++i) {
    tensors.push_back({plan.tensors[i].name, formats.of_tensor[i], plan.tensors[i].shape});
  }
  check_loads(keys, tensors, plan, folder);
  gguf::Writer writer(output, keys, tensors);
  TensorWriter(plan, formats, checkpoint, options, writer).run();
  writer.finish();
  result.tensors = tensors.size();
  result.bytes = writer.total_bytes();
  result.type = formats.name;
  result.left_out = std::move(plan.left_out);
  return result;
}

}  // namespace rocmforge::convert
