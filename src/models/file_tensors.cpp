#include "models/file_tensors.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "gguf/tensor_values.h"

namespace rocmforge::models {
namespace {

constexpr std::size_t kArenaBytes = std::size_t{1} << 20;
constexpr std::size_t kAlignment = 64;

// Returns "[2048, 1024] (embedding_length 2048, attention.head_count_kv × key_length 1024)".
std::string expectation(std::initializer_list<Extent> shape) {
  std::string sizes;
  std::string reasons;
  for (const Extent& extent : shape) {
    sizes += fmt::format("{}{}", sizes.empty() ? "" : ", ", extent.size == 0 ? "any" : std::to_string(extent.size));
    if (std::string_view(extent.what) != "1")
      reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", extent.what, extent.size);
  }
  return fmt::format("[{}] ({})", sizes, reasons);
}

// Compares shapes. An extent of 0 matches any size.
bool fits(const gguf::Shape& found, std::initializer_list<Extent> expected) {
  if (found.rank() > static_cast<int>(expected.size())) {
    for (int i = static_cast<int>(expected.size()); i < found.rank(); ++i) {
      if (found[i] != 1) return false;
    }
  }
  int i = 0;
  for (const Extent& extent : expected) {
    const auto size = static_cast<std::int64_t>(found[i++]);
    if (extent.size != 0 && size != extent.size) return false;
  }
  return true;
}

// Compares shapes without their dimensions of 1.
bool fits_without_ones(const gguf::Shape& found, std::initializer_list<Extent> expected) {
  std::vector<std::int64_t> a;
  std::vector<std::int64_t> b;
  for (const std::uint64_t size : found.dimensions()) {
    if (size != 1) a.push_back(static_cast<std::int64_t>(size));
  }
  for (const Extent& extent : expected) {
    if (extent.size != 1) b.push_back(extent.size);
  }
  return a == b;
}

// Groups the biases of a part, which must all be present or all be absent.
std::string kind_of(const std::string& name) {
  if (name == ".attn_q.bias" || name == ".attn_k.bias" || name == ".attn_v.bias") return ".attn_*.bias";
  if (name == ".ffn_gate.bias" || name == ".ffn_up.bias" || name == ".ffn_down.bias") return ".ffn_*.bias";
  return name;
}

}  // namespace

void FileTensors::ignore(const std::vector<std::string>& beginnings) {
  ignored_beginnings_.insert(ignored_beginnings_.end(), beginnings.begin(), beginnings.end());
}

const gguf::Tensor* FileTensors::find(const std::string& name, Need need) {
  if (need == Need::kNever) return nullptr;
  const gguf::Tensor* tensor = need == Need::kRequired ? &file_.tensor(name) : file_.find_tensor(name);
  if (need == Need::kOptional) note_presence(name, tensor != nullptr);
  if (tensor != nullptr && taken_.insert(name).second) {
    ++statistics_.tensors;
    statistics_.bytes += tensor->bytes.size();
  }
  return tensor;
}

// "blk.3.attn_norm_2.bias" is recorded as "blk.*.attn_norm_2.bias".
void FileTensors::note_presence(const std::string& name, bool is_there) {
  const std::size_t block = name.find("blk.");
  if (block == std::string::npos) return;
  Presence& presence = presence_[name.substr(0, block) + kind_of(name.substr(name.find('.', block + 4)))];
  (is_there ? presence.with : presence.without) = name;
}

void FileTensors::check_shape(const gguf::Tensor& tensor, std::initializer_list<Extent> shape, bool any_ones) const {
  if (any_ones ? fits_without_ones(tensor.shape, shape) : fits(tensor.shape, shape)) return;
  throw Error(ErrorCode::kMalformed,
              fmt::format("{}: tensor '{}' is {}, expected {}", file_.path(), printable(tensor.name),
                          to_string(tensor.shape), expectation(shape)),
              "the file may be damaged, or a mix of two models; `rocmforge inspect --tensors` lists its shapes");
}

ops::Weight FileTensors::matrix(const std::string& name, std::initializer_list<Extent> shape, Need need,
                                RowRange rows) {
  const gguf::Tensor* found = find(name, need);
  if (found == nullptr) return {};
  const gguf::Tensor& tensor = *found;
  check_shape(tensor, shape, false);
  if (backend_ == nullptr) {
    scale_of(name, static_cast<std::int64_t>(tensor.shape[2]));
    return {};
  }
  if (!backend_->can_multiply(*tensor.format)) {
    throw error(ErrorCode::kUnsupported, "{}: tensor '{}' is {}, which {} cannot multiply with", file_.path(),
                printable(tensor.name), tensor.format->name, backend_->name());
  }
  ops::WeightSource source{.name = tensor.name,
                           .format = tensor.format,
                           .columns = static_cast<std::int64_t>(tensor.shape[0]),
                           .rows = static_cast<std::int64_t>(tensor.shape[1]),
                           .count = static_cast<std::int64_t>(tensor.shape[2]),
                           .bytes = tensor.bytes};
  source.matrix_bytes = source.rows * source.row_bytes();
  if (rows.count > 0) {
    source.bytes = tensor.bytes.subspan(static_cast<std::size_t>(rows.first * source.row_bytes()));
    source.rows = rows.count;
  }
  ops::Weight weight = backend_->bind(source);
  weight.scale = scale_of(name, source.count);
  return weight;
}

// Returns NVFP4's second scale, which is in a tensor "NAME.scale" next to "NAME.weight".
const float* FileTensors::scale_of(const std::string& name, std::int64_t count) {
  if (!name.ends_with(".weight") || scales_apart_.contains(name)) return nullptr;
  const std::string scale = name.substr(0, name.size() - 6) + "scale";
  return has(scale) ? vector(scale, {{count, "a matrix each"}}, Need::kRequired, {}) : nullptr;
}

const float* FileTensors::vector(const std::string& name, std::initializer_list<Extent> shape, Need need,
                                 RowRange range) {
  const gguf::Tensor* found = find(name, need);
  if (found == nullptr) return nullptr;
  const std::vector<float> values = numbers(name, shape);
  if (backend_ == nullptr) return nullptr;
  const std::span<const float> all(values);
  return constants(range.count == 0
                       ? all
                       : all.subspan(static_cast<std::size_t>(range.first), static_cast<std::size_t>(range.count)));
}

std::vector<float> FileTensors::numbers(const std::string& name, std::initializer_list<Extent> shape) {
  const gguf::Tensor& tensor = *find(name, Need::kRequired);
  check_shape(tensor, shape, true);
  gguf::refuse_integers(tensor, file_.path());
  return backend_ == nullptr ? std::vector<float>() : gguf::decoded(tensor);
}

ops::Weight FileTensors::own_matrix(std::vector<float> values, std::int64_t columns, std::int64_t rows,
                                    std::int64_t count) {
  if (backend_ == nullptr) return {};
  statistics_.repacked_bytes += values.size() * sizeof(float);
  return {.format = &quant::format_of(quant::FormatId::kF32),
          .columns = columns,
          .rows = rows,
          .count = count,
          .data = reinterpret_cast<const std::byte*>(constants(values)),
          .row_bytes = columns * static_cast<std::int64_t>(sizeof(float)),
          .matrix_bytes = columns * rows * static_cast<std::int64_t>(sizeof(float))};
}

const float* FileTensors::constants(std::span<const float> values) {
  if (backend_ == nullptr) return nullptr;
  std::byte* at = place(values.size_bytes());
  backend_->write(at, std::as_bytes(values));
  return reinterpret_cast<const float*>(at);
}

// Small tensors share a buffer, so that a model makes few allocations.
std::byte* FileTensors::place(std::size_t bytes) {
  const std::size_t padded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  Arena& arena = arenas_[backend_];
  if (arena.buffer == nullptr || arena.used + padded > arena.buffer->size()) {
    buffers_.push_back(backend_->allocate(std::max(kArenaBytes, padded)));
    arena = {buffers_.back().get(), 0};
  }
  std::byte* at = arena.buffer->data() + arena.used;
  arena.used += padded;
  return at;
}

void FileTensors::check_complete() const {
  for (const auto& [kind, presence] : presence_) {
    if (presence.with.empty() || presence.without.empty()) continue;
    throw error(ErrorCode::kMalformed, "{}: tensor '{}' is missing, but there is '{}'", file_.path(), presence.without,
                presence.with);
  }
  for (const gguf::Tensor& tensor : file_.tensors()) {
    if (taken_.contains(std::string(tensor.name))) continue;
    if (std::ranges::any_of(ignored_beginnings_, [&](const auto& b) { return tensor.name.starts_with(b); })) continue;
    throw Error(ErrorCode::kMalformed,
                fmt::format("{}: tensor '{}' {} does not belong to this architecture", file_.path(),
                            printable(tensor.name), to_string(tensor.shape)),
                "the file may be newer than this version of the program");
  }
}

std::string FileTensors::ignored() const {
  constexpr int kNamed = 4;
  std::string named;
  std::int64_t all = 0;
  int kinds = 0;
  for (const std::string& beginning : ignored_beginnings_) {
    const auto count = std::ranges::count_if(file_.tensors(), [&](const gguf::Tensor& tensor) {
      return tensor.name.starts_with(beginning) && !taken_.contains(std::string(tensor.name));
    });
    if (count == 0) continue;
    all += count;
    if (++kinds <= kNamed) named += fmt::format("{}'{}…' ({})", named.empty() ? "" : ", ", beginning, count);
  }
  if (all == 0) return "";
  return fmt::format("{} tensors are not used: {}{}", all, named, kinds > kNamed ? " and others" : "");
}

}  // namespace rocmforge::models
