#include "models/model_summary.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/error.h"

namespace rocmforge::models {
namespace {

using quant::Format;

constexpr std::uint64_t kMostLayers = 10'000;

// The keys of the file's architecture, and the layers' tensors.
class ModelReader {
 public:
  ModelReader(const gguf::File& file, std::string architecture) : file_(file), architecture_(std::move(architecture)) {}

  const std::string& architecture() const { return architecture_; }
  std::string key(std::string_view name) const { return fmt::format("{}.{}", architecture_, name); }

  template <typename T>
  std::optional<T> find(std::string_view name) const {
    return file_.metadata().find<T>(key(name));
  }

  std::uint64_t number_or(std::string_view name, std::uint64_t missing) const {
    return find<std::uint64_t>(name).value_or(missing);
  }

  // A number for every layer, or one for all of them; empty where the key is missing.
  std::vector<std::uint64_t> per_layer(std::string_view name, std::uint64_t layers) const {
    if (layers > kMostLayers) {
      throw error(ErrorCode::kMalformed, "{}: key '{}' is {}, expected at most {} layers", file_.path(),
                  key("block_count"), layers, kMostLayers);
    }
    return file_.metadata().per_layer<std::uint64_t>(key(name), layers);
  }

  // Dimension `at` of a tensor's shape; 0 where there is no such tensor.
  std::uint64_t dimension(std::string_view tensor, int at) const {
    const gguf::Tensor* found = file_.find_tensor(tensor);
    return found != nullptr && at < found->shape.rank() ? found->shape[at] : 0;
  }
  std::uint64_t dimension(std::uint64_t layer, std::string_view tensor, int at) const {
    return dimension(fmt::format("blk.{}.{}", layer, tensor), at);
  }

 private:
  const gguf::File& file_;
  std::string architecture_;
};

std::optional<Dimension> stated_or_inferred(std::optional<std::uint64_t> stated, std::uint64_t inferred) {
  if (stated) return Dimension{*stated, false};
  if (inferred > 0) return Dimension{inferred, true};
  return std::nullopt;
}

// N of names that begin blk.N. or 0.
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

// Counts what each layer keeps, from the tensors that it has.
class CacheCounter {
 public:
  CacheCounter(const ModelReader& model, const ModelSummary& summary) : model_(model), layers_(summary.layers->value) {
    heads_ = model.per_layer("attention.head_count", layers_);
    kv_heads_ = model.per_layer("attention.head_count_kv", layers_);
    key_length_ = summary.key_length.value_or(0);
    value_length_ = summary.value_length.value_or(0);
    latent_ = model.number_or("attention.kv_lora_rank", 0);
  }

  CacheShape count() const {
    CacheShape shape;
    if (is_encoder()) return shape;
    const std::uint64_t shared = std::min(model_.number_or("attention.shared_kv_layers", 0), layers_);
    for (std::uint64_t layer = 0; layer < layers_; ++layer) {
      const std::uint64_t state = state_values(layer);
      const std::uint64_t attention = layer < layers_ - shared ? attention_values(layer, state > 0) : 0;
      shape.recurrent_layers += state > 0 ? 1 : 0;
      shape.attention_layers += attention > 0 ? 1 : 0;
      shape.state_values += state;
      shape.values_per_token += attention;
    }
    shape.has_window = shape.attention_layers > 0 && model_.number_or("attention.sliding_window", 0) > 0;
    return shape;
  }

 private:
  static std::uint64_t at(const std::vector<std::uint64_t>& numbers, std::uint64_t layer) {
    return layer < numbers.size() ? numbers[layer] : 0;
  }

  // An encoder reads everything at once and keeps nothing. Most files of encoders say that attention is not causal; of
  // these architectures it is known.
  bool is_encoder() const {
    constexpr std::string_view kEncoders[] = {
        "bert",        "nomic-bert", "nomic-bert-moe", "jina-bert-v2",    "jina-bert-v3",
        "modern-bert", "neo-bert",   "eurobert",       "gemma-embedding", "t5encoder"};
    return std::ranges::find(kEncoders, model_.architecture()) != std::end(kEncoders) ||
           !model_.find<bool>("attention.causal").value_or(true);
  }

  // Recurrent layers may call their input projection attn_qkv; it makes no keys.
  std::uint64_t attention_values(std::uint64_t layer, bool recurrent) const {
    if (model_.dimension(layer, "attn_kv_a_mqa.weight", 1) > 0 && latent_ > 0) {
      return latent_ +
             model_.number_or("rope.dimension_count", 0);  // one latent vector is keys and values of all heads
    }
    if (const std::uint64_t keys = model_.dimension(layer, "attn_k.weight", 1); keys > 0) {
      const std::uint64_t values = model_.dimension(layer, "attn_v.weight", 1);
      return keys + (values > 0 ? values : keys);
    }
    const bool fused = model_.dimension(layer, "attn_qkv.weight", 1) > 0 && !recurrent;
    const std::uint64_t kv_heads = kv_heads_.empty() ? at(heads_, layer) : at(kv_heads_, layer);
    return fused ? kv_heads * (key_length_ + value_length_) : 0;
  }

  std::uint64_t state_values(std::uint64_t layer) const {
    std::uint64_t values = 0;
    for (const std::string_view name : {"ssm_conv1d.weight", "ssm_conv1d_q.weight", "ssm_conv1d_k.weight",
                                        "ssm_conv1d_v.weight", "shortconv.conv.weight"}) {
      const std::uint64_t taps = model_.dimension(layer, name, 0);
      const std::uint64_t channels = std::max(model_.dimension(layer, name, 1), model_.dimension(layer, name, 2));
      if (taps > 0) values += (taps - 1) * channels;
    }
    if (const std::uint64_t head = model_.number_or("kda.head_dim", 0); head > 0) {
      if (values > 0) values += at(heads_, layer) * head * head;
    } else if (model_.dimension(layer, "ssm_conv1d.weight", 0) > 0) {
      values += model_.number_or("ssm.inner_size", 0) * model_.number_or("ssm.state_size", 0);
    }
    if (model_.dimension(layer, "time_mix_output.weight", 0) > 0) {
      const std::uint64_t width = model_.number_or("embedding_length", 0);
      values += width * model_.number_or("wkv.head_size", 0) + 2 * width;
    }
    return values;
  }

  const ModelReader& model_;
  std::uint64_t layers_;
  std::vector<std::uint64_t> heads_;
  std::vector<std::uint64_t> kv_heads_;
  std::uint64_t key_length_ = 0;
  std::uint64_t value_length_ = 0;
  std::uint64_t latent_ = 0;
};

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
  // An encoder has no output matrix, and no norm before one.
  summary.tied_embeddings = file.find_tensor("token_embd.weight") != nullptr &&
                            file.find_tensor("output.weight") == nullptr &&
                            file.find_tensor("token_embd_norm.weight") == nullptr;
  if (summary.layers && summary.layers->value <= file.tensors().size())
    summary.cache = CacheCounter(model, summary).count();
  return summary;
}

}  // namespace rocmforge::models
