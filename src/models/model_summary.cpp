#include "models/model_summary.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "models/cache_memory.h"
#include "models/registry.h"

namespace rocmforge::models {
namespace {

using quant::Format;

// Reads the keys of the file's architecture and the shapes of its layers' tensors.
class ModelReader {
 public:
  ModelReader(const gguf::File& file, std::string architecture)
      : file_(file),
        architecture_(std::move(architecture)),
        prefix_(file.find_tensor("dec.blk.0.attn_k.weight") != nullptr ? "dec." : "") {}

  std::string key(std::string_view name) const { return fmt::format("{}.{}", architecture_, name); }

  template <typename T>
  std::optional<T> find(std::string_view name) const {
    return file_.metadata().find<T>(key(name));
  }

  std::uint64_t number_or(std::string_view name, std::uint64_t missing) const {
    return find<std::uint64_t>(name).value_or(missing);
  }

  // Returns one number per layer; the key may have one number for all. Empty if the key is missing.
  std::vector<std::uint64_t> per_layer(std::string_view name, std::uint64_t layers) const {
    if (layers > kMostLayers) {
      throw error(ErrorCode::kMalformed, "{}: key '{}' is {}, expected at most {} layers", file_.path(),
                  key("block_count"), layers, kMostLayers);
    }
    return file_.metadata().per_layer<std::uint64_t>(key(name), layers);
  }

  // Returns dimension `at` of a tensor's shape, or 0 if there is no such tensor.
  std::uint64_t dimension(std::string_view tensor, int at) const {
    const gguf::Tensor* found = file_.find_tensor(tensor);
    return found != nullptr && at < found->shape.rank() ? found->shape[at] : 0;
  }
  std::uint64_t dimension(std::uint64_t layer, std::string_view tensor, int at) const {
    return dimension(fmt::format("{}blk.{}.{}", prefix_, layer, tensor), at);
  }

 private:
  const gguf::File& file_;
  std::string architecture_;
  std::string prefix_;  // of the layers' tensor names; "dec." for a decoder with an encoder
};

std::optional<Dimension> stated_or_inferred(std::optional<std::uint64_t> stated, std::uint64_t inferred) {
  if (stated) return Dimension{*stated, false};
  if (inferred > 0) return Dimension{inferred, true};
  return std::nullopt;
}

// Returns 1 + the greatest N in names that begin with "blk.N.", or 0.
std::uint64_t layers_in_names(const gguf::File& file) {
  std::uint64_t layers = 0;
  for (const gguf::Tensor& tensor : file.tensors()) {
    if (!tensor.name.starts_with("blk.")) continue;
    std::uint64_t layer = 0;
    const char* const end = tensor.name.data() + tensor.name.size();
    const auto [stop, failure] = std::from_chars(tensor.name.data() + 4, end, layer);
    if (failure == std::errc() && stop != end && *stop == '.' && layer < file.tensors().size()) {
      layers = std::max(layers, layer + 1);
    }
  }
  return layers;
}

std::optional<LayerRange> range_of(const std::vector<std::uint64_t>& numbers) {
  if (numbers.empty()) return std::nullopt;
  const auto [least, greatest] = std::ranges::minmax(numbers);
  return LayerRange{least, greatest};
}

std::uint64_t ffn_width_in_shapes(const ModelReader& model, std::uint64_t layers) {
  std::uint64_t widest = 0;
  for (std::uint64_t layer = 0; layer < layers; ++layer) {
    for (const std::string_view name : {"ffn_up.weight", "ffn_up_exps.weight"}) {
      widest = std::max(widest, model.dimension(layer, name, 1));
    }
  }
  return widest;
}

std::vector<FormatShare> shares_of(const gguf::File& file) {
  std::map<quant::FormatId, FormatShare> by_format;
  for (const gguf::Tensor& tensor : file.tensors()) {
    FormatShare& share = by_format.try_emplace(tensor.format->id, FormatShare{tensor.format}).first->second;
    share.tensors += 1;
    share.elements += tensor.shape.count();
    share.bytes += tensor.bytes.size();
  }
  std::vector<FormatShare> shares;
  for (const auto& [id, share] : by_format) shares.push_back(share);
  std::ranges::sort(shares, std::ranges::greater(), &FormatShare::bytes);
  return shares;
}

std::uint64_t array_length(const gguf::Metadata& keys, std::string_view key) {
  const gguf::Value* value = keys.value(key);
  return value != nullptr && value->type() == gguf::ValueType::kArray ? value->array().size() : 0;
}

std::optional<TokenizerSummary> tokenizer_of(const gguf::File& file) {
  const gguf::Metadata& keys = file.metadata();
  const auto model = keys.find<std::string_view>("tokenizer.ggml.model");
  if (!model) return std::nullopt;
  TokenizerSummary tokenizer;
  tokenizer.model = *model;
  tokenizer.pre = keys.get_or<std::string_view>("tokenizer.ggml.pre", "");
  tokenizer.tokens = array_length(keys, "tokenizer.ggml.tokens");
  tokenizer.merges = array_length(keys, "tokenizer.ggml.merges");
  tokenizer.bos = keys.find<std::uint64_t>("tokenizer.ggml.bos_token_id");
  tokenizer.eos = keys.find<std::uint64_t>("tokenizer.ggml.eos_token_id");
  return tokenizer;
}

// An encoder reads everything at once and caches nothing.
CacheShape cache_of(const DecoderSpec& spec) {
  CacheShape shape;
  if (spec.is_encoder()) return shape;
  for (const LayerSpec& layer : spec.layers) {
    const LayerCache cache = layer_cache(spec, layer);
    shape.attention_layers += cache.values_per_token > 0 ? 1 : 0;
    shape.recurrent_layers += cache.state_values > 0 ? 1 : 0;
    shape.values_per_token += cache.values_per_token;
    shape.state_values += cache.state_values;
    shape.has_window |= cache.window > 0;
  }
  return shape;
}

// Fills in what only the model's description says. Leaves it out if the architecture is unknown or the file is faulty.
void fill_by_description(const gguf::File& file, ModelSummary& summary) {
  if (find_architecture(summary.architecture) == nullptr) return;
  try {
    const DecoderSpec spec = describe(file).spec;
    summary.cache = cache_of(spec);
    summary.tied_embeddings = spec.is_output_tied(file.find_tensor("output.weight") != nullptr);
  } catch (const Error&) {
    return;
  }
}

void fill_dimensions(const gguf::File& file, const ModelReader& model, ModelSummary& summary) {
  summary.context_length = model.find<std::uint64_t>("context_length");
  summary.width =
      stated_or_inferred(model.find<std::uint64_t>("embedding_length"), model.dimension("token_embd.weight", 0));
  summary.layers = stated_or_inferred(model.find<std::uint64_t>("block_count"), layers_in_names(file));
  summary.vocabulary =
      stated_or_inferred(model.find<std::uint64_t>("vocab_size"), model.dimension("token_embd.weight", 1));
  summary.experts = model.number_or("expert_count", 0);
  summary.experts_used = model.number_or("expert_used_count", 0);
  if (!summary.layers) return;

  const std::uint64_t layers = summary.layers->value;
  const std::uint64_t present = std::min(layers, layers_in_names(file));
  const auto ffn = range_of(model.per_layer("feed_forward_length", layers));
  summary.ffn_width =
      stated_or_inferred(ffn ? std::optional(ffn->greatest) : std::nullopt, ffn_width_in_shapes(model, present));
  summary.heads = range_of(model.per_layer("attention.head_count", layers));
  summary.kv_heads = range_of(model.per_layer("attention.head_count_kv", layers));
  if (!summary.kv_heads) summary.kv_heads = summary.heads;
  const std::uint64_t heads = summary.heads ? summary.heads->greatest : 0;
  const auto head_width = heads > 0 && summary.width ? std::optional(summary.width->value / heads) : std::nullopt;
  summary.key_length = model.find<std::uint64_t>("attention.key_length");
  summary.value_length = model.find<std::uint64_t>("attention.value_length");
  if (!summary.key_length) summary.key_length = head_width;
  if (!summary.value_length) summary.value_length = head_width;
}

}  // namespace

double ModelSummary::bits_per_weight() const {
  return parameters == 0 ? 0 : 8.0 * static_cast<double>(weight_bytes) / static_cast<double>(parameters);
}

std::uint64_t ModelSummary::cache_bytes(std::uint64_t context, const Format& format) const {
  const double per_token = static_cast<double>(cache.values_per_token) * format.bits_per_value() / 8;
  return static_cast<std::uint64_t>(per_token * static_cast<double>(context)) + 4 * cache.state_values;
}

ModelSummary summarize(const gguf::File& file) {
  const gguf::Metadata& keys = file.metadata();
  ModelSummary summary;
  summary.architecture = keys.get_or<std::string_view>("general.architecture", "");
  summary.name = keys.get_or<std::string_view>("general.name", "");
  summary.type = keys.get_or<std::string_view>("general.type", "");
  summary.file_type = keys.find<std::uint32_t>("general.file_type");
  summary.files = file.parts().size();
  for (const gguf::File::Part& part : file.parts()) summary.file_bytes += part.size;
  summary.formats = shares_of(file);
  for (const FormatShare& share : summary.formats) {
    summary.tensors += share.tensors;
    summary.parameters += share.elements;
    summary.weight_bytes += share.bytes;
  }
  summary.tokenizer = tokenizer_of(file);
  if (const auto chat = keys.find<std::string_view>("tokenizer.chat_template"))
    summary.chat_template_bytes = chat->size();
  if (summary.architecture.empty()) return summary;

  const ModelReader model(file, summary.architecture);
  fill_dimensions(file, model, summary);
  fill_by_description(file, summary);
  return summary;
}

}  // namespace rocmforge::models
