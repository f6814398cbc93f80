#include "support/random_model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <variant>

#include "base/error.h"
#include "models/tensor_list.h"
#include "quant/codec.h"

namespace rocmforge::testing {

bool StoredTensor::is_storable() const { return gguf::stored_size(*format, shape).fault.empty(); }

const StoredTensor* RandomModel::find(std::string_view name) const {
  const auto found = std::ranges::find(tensors, name, &StoredTensor::name);
  return found == tensors.end() ? nullptr : &*found;
}

const StoredTensor& RandomModel::tensor(std::string_view name) const {
  const StoredTensor* found = find(name);
  if (found == nullptr) throw error(ErrorCode::kNotFound, "the random model has no tensor '{}'", name);
  return *found;
}

void RandomModel::erase(std::string_view name) {
  std::erase_if(tensors, [&](const StoredTensor& tensor) { return tensor.name == name; });
}

namespace {

gguf::MemoryImage image_of(const RandomModel& model) {
  std::vector<gguf::TensorSpec> specs;
  for (const StoredTensor& tensor : model.tensors) specs.push_back({tensor.name, tensor.format, tensor.shape});
  gguf::MemoryImage image(model.keys, specs);
  for (std::size_t t = 0; t < specs.size(); ++t) {
    if (image.tensor(t).size() != model.tensors[t].bytes.size()) {
      throw error(ErrorCode::kUsage, "the random model's tensor '{}' has {} bytes, its shape takes {}", specs[t].name,
                  model.tensors[t].bytes.size(), image.tensor(t).size());
    }
    std::ranges::copy(model.tensors[t].bytes, image.tensor(t).begin());
  }
  return image;
}

}  // namespace

ModelFile::ModelFile(const RandomModel& model)
    : image_(image_of(model)), file_(gguf::File::from_memory(image_.bytes(), kRandomModelName)) {}

// ---- Numbers to bytes and back ----

std::vector<std::byte> encode(const quant::Format& format, const gguf::Shape& shape, std::span<const float> values) {
  const std::size_t row = shape.row_length();
  const std::size_t row_bytes = gguf::row_bytes(format, row);
  std::vector<std::byte> bytes(shape.rows() * row_bytes);
  for (std::size_t r = 0; r < shape.rows(); ++r) {
    const auto fault =
        quant::encode_row(format, values.subspan(r * row, row), {}, std::span(bytes).subspan(r * row_bytes, row_bytes));
    if (fault) throw error(ErrorCode::kUsage, "{} cannot hold {}", format.name, fault->value);
  }
  return bytes;
}

std::vector<float> decode(const StoredTensor& tensor) {
  const std::size_t row = tensor.shape.row_length();
  const std::size_t row_bytes = gguf::row_bytes(*tensor.format, row);
  std::vector<float> values(tensor.shape.count());
  for (std::size_t r = 0; r < tensor.shape.rows(); ++r) {
    quant::decode_row(*tensor.format, std::span(tensor.bytes).subspan(r * row_bytes, row_bytes),
                      std::span(values).subspan(r * row, row));
  }
  return values;
}

StoredTensor stored(std::string name, const gguf::Shape& shape, std::span<const float> values, quant::FormatId format) {
  const quant::Format& of = quant::format_of(format);
  return {std::move(name), shape, &of, encode(of, shape, values)};
}

// ---- Building ----

bool is_norm(std::string_view name) {
  return (name.find("norm") != std::string_view::npos || name.ends_with("time_mix_ln.weight")) &&
         !name.ends_with(".bias");
}

namespace {

// Turns a normally distributed number into a tensor's value.
using Shaper = std::function<float(float)>;

Shaper around(float mean, float deviation) {
  return [=](float normal) { return mean + deviation * normal; };
}

// Returns the shaper of tensors of recurrent layers that are not matrices: distinct decays between 0 and 1, and weights
// of the previous position.
Shaper shaper_in_state(std::string_view name) {
  if (name.ends_with("ssm_a")) return [](float normal) { return -std::exp(0.5f * normal); };
  if (name.ends_with("ssm_d")) return around(1, 0.1f);
  if (name.ends_with("time_mix_decay.weight")) return around(-1.5f, 0.5f);
  if (name.find("mix_lerp") != std::string_view::npos) return [](float normal) { return 1 / (1 + std::exp(-normal)); };
  if (name.ends_with("time_mix_first.weight")) return around(0, 0.5f);
  if (name.ends_with("time_mix_k_k.weight") || name.ends_with("time_mix_k_a.weight")) return around(1, 0.1f);
  if (name.ends_with("time_mix_r_k.weight")) return around(0, 0.3f);
  return {};
}

// Returns the shaper of tensors with a special meaning.
Shaper shaper_by_name(std::string_view name) {
  if (name.ends_with("altup_router_norm.weight")) return around(16, 1);  // its output is divided by the width
  if (name.ends_with("ffn_gate_inp.scale"))
    return around(4, 0.4f);  // its output is divided by the square root of the width
  if (is_norm(name) || name.ends_with(".scale") || name.ends_with("_scale.weight")) return around(1, 0.1f);
  if (name.starts_with("rope_") || name.ends_with("act.scales")) {
    return [](float normal) { return 1 + std::fabs(normal); };
  }
  if (name.ends_with("altup_predict_coef.weight") || name.ends_with("altup_correct_coef.weight")) {
    return around(0, 0.3f);
  }
  if (name.ends_with("attn_sinks.weight") || name.ends_with("attn_rel_b.weight")) return around(0, 1);
  return {};
}

// Returns the shaper for values like those of trained tensors of this name, as far as it matters: norms near 1,
// negative decays of states, divisors of frequencies from 1 on, and matrices for which the logits' spread is small.
Shaper shaper_of(std::string_view name, const gguf::Shape& shape, bool is_matrix) {
  if (Shaper shaper = shaper_in_state(name)) return shaper;
  if (Shaper shaper = shaper_by_name(name)) return shaper;
  if (!is_matrix) return around(0, 0.3f);
  const float root = std::sqrt(static_cast<float>(shape.row_length()));
  // T5 does not scale the products of queries and keys.
  const bool is_t5 = name.starts_with("enc.") || name.starts_with("dec.");
  // RWKV computes squares and exponentials of exponentials, which would magnify rounding beyond the tests' tolerances.
  const float usual = name.find("_mix_") != std::string_view::npos ? 1 : 2;
  return around(0, (is_t5 && name.ends_with("attn_q.weight") ? 0.5f : usual) / root);
}

}  // namespace

StoredTensor random_tensor(const RandomModelOptions& options, const std::string& name, const gguf::Shape& shape,
                           bool is_matrix) {
  std::vector<std::uint32_t> seeds(name.begin(), name.end());
  seeds.push_back(options.seed);
  std::seed_seq sequence(seeds.begin(), seeds.end());
  std::mt19937 generator(sequence);
  std::normal_distribution<float> normal;
  std::vector<float> values(shape.count());
  const Shaper shaper = shaper_of(name, shape, is_matrix);
  for (float& value : values) value = shaper(normal(generator));
  const bool fits = shape.row_length() % quant::format_of(options.format).block_values == 0;
  return stored(name, shape, values, is_matrix && fits ? options.format : quant::FormatId::kF32);
}

namespace {

// Returns whether the architecture selects experts with a bias that their weights do not include.
bool has_selection_bias(std::string_view architecture) {
  constexpr std::string_view kThose[] = {
      "afmoe",   "bailingmoe2", "deepseek2",   "deepseek32", "dots1", "ernie4_5-moe", "exaone-moe",
      "glm4moe", "hy_v3",       "kimi-linear", "lfm2moe",    "mimo2", "minimax-m2",   "nemotron_h_moe",
  };
  return std::ranges::find(kThose, architecture) != std::end(kThose);
}

// Returns whether an optional tensor that changes the model is included. If files store something in either of two
// forms, random models use the current one.
bool is_wanted(const RandomModelOptions& options, std::string_view name) {
  constexpr std::string_view kOlderForms[] = {
      "attn_kv_b.weight",       "ssm_in.weight",          "time_mix_lerp_w.weight", "time_mix_lerp_k.weight",
      "time_mix_lerp_v.weight", "time_mix_lerp_r.weight", "time_mix_lerp_g.weight",
  };
  if (name.starts_with("rope_freqs")) return options.divisors == RopeDivisors::kOne;
  if (name.ends_with("attn_rel_b.weight")) return name.find("blk.0.") != std::string_view::npos;
  if (name.starts_with("rope_factors")) return options.divisors == RopeDivisors::kLongAndShort;
  if (name.find("exp_probs_b") != std::string_view::npos && !has_selection_bias(options.architecture)) return false;
  const bool is_of_experts = name.ends_with("ffn_gate_inp.weight") || name.find("_exps.") != std::string_view::npos;
  if (is_of_experts)
    return !name.starts_with("blk.0.");  // the first layer is dense if the routers show that there are experts
  if (std::ranges::any_of(kOlderForms, [&](std::string_view form) { return name.ends_with(form); })) return false;
  return options.has_optional_tensors;
}

}  // namespace

models::Description describe(const RandomModelOptions& options, const gguf::MetadataBuilder& keys) {
  const gguf::MemoryImage image(keys, {});
  const gguf::File file = gguf::File::from_memory(image.bytes(), kRandomModelName);
  const auto has_tensor = [&](const std::string& name) { return is_wanted(options, name); };
  return models::describe({file.metadata(), options.vocabulary, has_tensor});
}

namespace {

// Returns the number of rotated pairs of the first layer whose frequencies may have divisors; not all mixers have
// rotary positions.
int rotated_pairs(const models::DecoderSpec& spec) {
  for (const models::LayerSpec& layer : spec.layers) {
    const int pairs = std::visit(
        [](const auto& mixer) {
          if constexpr (requires { mixer.rope->has_divisors; }) {
            return mixer.rope && mixer.rope->has_divisors ? mixer.rope->dimensions / 2 : 0;
          } else {
            return 0;
          }
        },
        layer.mixer);
    if (pairs > 0) return pairs;
  }
  return 0;
}

// Returns the name in files, which for some tensors lacks the usual ".weight" or ".bias" that the list has.
std::string name_in_files(std::string_view architecture, const std::string& listed) {
  struct Bare {
    std::string_view architecture;
    std::string_view ending;
  };
  constexpr Bare kBare[] = {
      {"falcon-h1", ".ffn_norm.weight"},   {"hy_v3", ".exp_probs_b.bias"},   {"plamo2", ".post_attention_norm.weight"},
      {"plamo2", ".post_ffw_norm.weight"}, {"plamo2", ".ssm_b_norm.weight"}, {"plamo2", ".ssm_c_norm.weight"},
      {"plamo2", ".ssm_dt_norm.weight"},
  };
  const bool is_bare = std::ranges::any_of(
      kBare, [&](const Bare& bare) { return bare.architecture == architecture && listed.ends_with(bare.ending); });
  return is_bare ? listed.substr(0, listed.rfind('.')) : listed;
}

}  // namespace

RandomModel random_model(const RandomModelOptions& options) {
  RandomModel model;
  model.keys = random_model_keys(options);
  const models::DecoderSpec spec = describe(options, model.keys).spec;
  for (const models::ListedTensor& listed : models::list_tensors(spec)) {
    if (listed.is_optional && !options.has_optional_tensors) continue;
    const std::string name = name_in_files(options.architecture, listed.name);
    model.tensors.push_back(random_tensor(options, name, listed.shape, listed.is_matrix));
  }
  if (options.has_own_output && spec.output == models::OutputMatrix::kOwnOrTied) {
    model.tensors.push_back(random_tensor(options, "output.weight", model.tensor("token_embd.weight").shape, true));
  }
  const gguf::Shape pairs = {static_cast<std::uint64_t>(rotated_pairs(spec))};
  std::vector<const char*> divisors;
  if (options.divisors == RopeDivisors::kOne) divisors = {"rope_freqs.weight"};
  if (options.divisors == RopeDivisors::kLongAndShort) {
    divisors = {"rope_factors_long.weight", "rope_factors_short.weight"};
  }
  if (pairs[0] == 0) divisors.clear();
  for (const char* name : divisors) model.tensors.push_back(random_tensor(options, name, pairs, false));
  return model;
}

}  // namespace rocmforge::testing
