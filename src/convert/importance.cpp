#include "convert/importance.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "base/float_formats.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "gguf/reader.h"
#include "quant/codec.h"

namespace rocmforge::convert {
namespace {

Error malformed(const std::string& path, const std::string& what) {
  return Error(ErrorCode::kMalformed, fmt::format("{}: {}", path, what),
               "an importance matrix is what llama.cpp's imatrix tool writes");
}

// Throws Error unless the values can serve as weights: finite and not negative.
void check_values(const std::string& path, std::string_view tensor, const std::vector<float>& values) {
  const auto bad = std::ranges::find_if(values, [](float value) { return !is_finite(value) || value < 0; });
  if (bad == values.end()) return;
  throw malformed(path, fmt::format("importance of '{}', value {} is {}, expected a number of at least 0",
                                    printable(tensor), bad - values.begin(), *bad));
}

// Reads the old format, which has no magic: a plain sequence of 32-bit numbers and names.
class OldFormReader {
 public:
  OldFormReader(std::span<const std::byte> bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  bool at_end() const { return position_ == bytes_.size(); }

  std::int32_t number(std::string_view what, std::int32_t least) {
    std::int32_t value = 0;
    std::memcpy(&value, take(sizeof(value), what).data(), sizeof(value));
    if (value < least) {
      throw malformed(name_, fmt::format("{} at byte {} is {}, expected at least {}", what, position_ - sizeof(value),
                                         value, least));
    }
    return value;
  }

  std::string text(std::string_view what) {
    const auto length = static_cast<std::size_t>(number(fmt::format("the length of {}", what), 0));
    const auto bytes = take(length, what);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  std::vector<float> floats(std::size_t count, std::string_view what) {
    const auto bytes = take(count * sizeof(float), what);
    std::vector<float> values(count);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

 private:
  std::span<const std::byte> take(std::size_t length, std::string_view what) {
    if (length > bytes_.size() - position_) {
      throw malformed(name_, fmt::format("the file ends within {} at byte {}, which needs {} bytes more than there are",
                                         what, position_, length - (bytes_.size() - position_)));
    }
    const auto taken = bytes_.subspan(position_, length);
    position_ += length;
    return taken;
  }

  std::span<const std::byte> bytes_;
  const std::string& name_;
  std::size_t position_ = 0;
};

std::vector<float> decoded(const gguf::Tensor& tensor) {
  std::vector<float> values(tensor.shape.count());
  quant::decode_row(*tensor.format, tensor.bytes, values);
  return values;
}

bool has_gguf_magic(const MappedFile& file) {
  return file.size() >= 4 && std::memcmp(file.bytes().data(), "GGUF", 4) == 0;
}

}  // namespace

ImportanceMatrix ImportanceMatrix::load(const std::string& path) {
  const MappedFile file(path);
  if (has_gguf_magic(file)) return load_gguf(path);
  ImportanceMatrix matrix = from_old_form(file.bytes(), path);
  file.check_intact();
  return matrix;
}

std::span<const float> ImportanceMatrix::find(std::string_view tensor) const {
  const auto found = values_.find(std::string(tensor));
  return found == values_.end() ? std::span<const float>() : std::span<const float>(found->second);
}

void ImportanceMatrix::add(std::string name, std::vector<float> values) {
  check_values(path_, name, values);
  const auto [entry, is_new] = values_.try_emplace(std::move(name), std::move(values));
  if (!is_new) throw malformed(path_, fmt::format("tensor '{}' stands there twice", printable(entry->first)));
}

// The file holds sums of squares and counts, expert by expert. An expert that was never used counts every column as 1.
ImportanceMatrix ImportanceMatrix::load_gguf(const std::string& path) {
  const gguf::File file = gguf::File::open(path);
  ImportanceMatrix matrix;
  matrix.path_ = path;
  const auto datasets = file.metadata().get<std::vector<std::string_view>>("imatrix.datasets");
  if (!datasets.empty()) matrix.dataset_ = datasets.front();
  matrix.chunks_ = file.metadata().get<std::uint32_t>("imatrix.chunk_count");
  file.metadata().get<std::uint32_t>("imatrix.chunk_size");

  constexpr std::string_view kSums = ".in_sum2";
  constexpr std::string_view kCounts = ".counts";
  std::size_t counts_seen = 0;
  for (const gguf::Tensor& tensor : file.tensors()) {
    if (tensor.name.ends_with(kCounts)) ++counts_seen;
    if (!tensor.name.ends_with(kSums)) continue;
    const std::string name(tensor.name.substr(0, tensor.name.size() - kSums.size()));
    const gguf::Tensor* counts = file.find_tensor(name + std::string(kCounts));
    if (counts == nullptr) throw malformed(path, fmt::format("'{}' has no counts", printable(tensor.name)));
    std::vector<float> values = decoded(tensor);
    const std::vector<float> count_of = decoded(*counts);
    if (values.size() % count_of.size() != 0) {
      throw malformed(path, fmt::format("'{}' has {} values for {} matrices", printable(tensor.name), values.size(),
                                        count_of.size()));
    }
    const std::size_t columns = values.size() / count_of.size();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float count = std::round(count_of[i / columns]);
      values[i] = count > 0 ? values[i] / count : 1.0f;
    }
    matrix.add(name, std::move(values));
  }
  if (counts_seen != matrix.entries()) throw malformed(path, "some tensors have counts and no sums");
  file.check_intact();
  return matrix;
}

ImportanceMatrix ImportanceMatrix::from_old_form(std::span<const std::byte> bytes, const std::string& name_of_file) {
  OldFormReader reader(bytes, name_of_file);
  ImportanceMatrix matrix;
  matrix.path_ = name_of_file;
  const std::int32_t entries = reader.number("the number of entries", 1);
  for (std::int32_t entry = 0; entry < entries; ++entry) {
    std::string name = reader.text("a tensor's name");
    const std::int32_t calls = reader.number(fmt::format("the count of '{}'", printable(name)), 0);
    const std::int32_t length = reader.number(fmt::format("the length of '{}'", printable(name)), 1);
    std::vector<float> values = reader.floats(static_cast<std::size_t>(length), fmt::format("'{}'", printable(name)));
    if (calls > 0) {
      for (float& value : values) value /= static_cast<float>(calls);
    }
    matrix.add(std::move(name), std::move(values));
  }
  if (!reader.at_end()) {  // very old files end here
    matrix.chunks_ = static_cast<std::uint32_t>(reader.number("the number of chunks", 0));
    if (!reader.at_end()) matrix.dataset_ = reader.text("the data set's name");
  }
  return matrix;
}

}  // namespace rocmforge::convert
