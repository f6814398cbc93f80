#include "convert/hugging_face/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge::convert {
namespace {

// The limits of the format's own library.
constexpr std::uint64_t kLongestHeader = 100'000'000;
constexpr std::size_t kMostDimensions = 8;

struct ElementName {
  Element element;
  std::string_view name;
  std::size_t size;
};

constexpr std::array kElements = std::to_array<ElementName>({
    {Element::kF64, "F64", 8},
    {Element::kF32, "F32", 4},
    {Element::kF16, "F16", 2},
    {Element::kBF16, "BF16", 2},
    {Element::kF8E4M3, "F8_E4M3", 1},
    {Element::kF8E5M2, "F8_E5M2", 1},
    {Element::kF8E8M0, "F8_E8M0", 1},
    {Element::kI64, "I64", 8},
    {Element::kI32, "I32", 4},
    {Element::kI16, "I16", 2},
    {Element::kI8, "I8", 1},
    {Element::kU64, "U64", 8},
    {Element::kU32, "U32", 4},
    {Element::kU16, "U16", 2},
    {Element::kU8, "U8", 1},
    {Element::kBool, "BOOL", 1},
});

const ElementName& entry_of(Element element) { return *std::ranges::find(kElements, element, &ElementName::element); }

// Builds the list of tensors while the header is parsed: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0,
// 24]}, ...}.
class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderReader(std::span<const std::byte> data, std::string_view path) : data_(data), path_(path) {}

  std::vector<StoredTensor> take() { return std::move(tensors_); }

  bool start_object(std::size_t) override {
    if (++depth_ > 2) fail("an object");
    if (depth_ == 2 && field_ != Field::kEntry) fail("an object");
    if (depth_ == 2 && !in_metadata_) begin_tensor();
    return true;
  }
  bool end_object() override {
    if (--depth_ == 1 && !in_metadata_) end_tensor();
    if (depth_ == 1) in_metadata_ = false;
    field_ = Field::kNone;
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ == 1) {
      in_metadata_ = name == "__metadata__";
      current_ = name;
      if (!names_.insert(name).second) throw malformed("'{}' is there twice", printable(name));
      field_ = Field::kEntry;
    } else if (!in_metadata_) {
      field_ = name == "dtype"          ? Field::kElement
               : name == "shape"        ? Field::kShape
               : name == "data_offsets" ? Field::kOffsets
                                        : Field::kUnknown;
    }
    return true;
  }
  bool start_array(std::size_t) override {
    if ((field_ != Field::kShape && field_ != Field::kOffsets) || in_array_) fail("a list");
    in_array_ = true;
    numbers_.clear();
    return true;
  }
  bool end_array() override {
    in_array_ = false;
    if (field_ == Field::kShape) {
      tensor_.shape = numbers_;
      has_shape_ = true;
    } else {
      if (numbers_.size() != 2) throw malformed("tensor '{}' has {} offsets, expected 2", name(), numbers_.size());
      begin_ = numbers_[0], end_ = numbers_[1];
      has_offsets_ = true;
    }
    field_ = Field::kNone;
    return true;
  }
  bool number_unsigned(number_unsigned_t number) override {
    if (!in_array_) fail("a number");
    if (numbers_.size() == kMostDimensions) {
      throw malformed("tensor '{}' has more than {} dimensions", name(), kMostDimensions);
    }
    numbers_.push_back(number);
    return true;
  }
  bool string(string_t& text) override {
    if (in_metadata_ && depth_ == 2) return true;
    if (field_ != Field::kElement) fail("a string");
    const auto found = std::ranges::find(kElements, std::string_view(text), &ElementName::name);
    if (found == kElements.end()) {
      throw Error(ErrorCode::kUnsupported, fmt::format("{}: tensor '{}' has the type '{}', which is not supported",
                                                       path_, name(), printable(text)));
    }
    tensor_.element = found->element;
    has_element_ = true;
    field_ = Field::kNone;
    return true;
  }
  bool number_integer(number_integer_t) override { return fail("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return fail("a fraction"); }
  bool boolean(bool) override { return in_metadata_ || fail("a truth value"); }
  bool null() override { return in_metadata_ || fail("null"); }
  bool binary(binary_t&) override { return fail("binary data"); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    throw malformed("the header is not valid JSON at its byte {}", position);
  }

 private:
  enum class Field { kNone, kEntry, kElement, kShape, kOffsets, kUnknown };

  std::string name() const { return printable(current_); }

  template <typename... Args>
  Error malformed(fmt::format_string<Args...> format, Args&&... arguments) const {
    return Error(ErrorCode::kMalformed,
                 fmt::format("{}: {}", path_, fmt::format(format, std::forward<Args>(arguments)...)));
  }
  bool fail(std::string_view found) const {
    throw malformed("the header has {} in an unexpected place, after '{}'", found, name());
  }

  void begin_tensor() {
    tensor_ = {.name = current_, .shape = {}, .bytes = {}, .file = path_};
    has_element_ = has_shape_ = has_offsets_ = false;
  }

  void end_tensor() {
    if (!has_element_ || !has_shape_ || !has_offsets_) {
      throw malformed("tensor '{}' lacks its {}", name(),
                      !has_element_ ? "dtype"
                      : !has_shape_ ? "shape"
                                    : "data_offsets");
    }
    // Even for a tensor without values, every stride must fit in 64 bits.
    std::uint64_t steps = size_of(tensor_.element);
    bool is_empty = false;
    for (const std::uint64_t dimension : tensor_.shape) {
      is_empty |= dimension == 0;
      if (__builtin_mul_overflow(steps, std::max<std::uint64_t>(dimension, 1), &steps) || steps > INT64_MAX) {
        throw malformed("tensor '{}' is {}, which is too large", name(), to_string(tensor_.shape));
      }
    }
    const std::uint64_t bytes = is_empty ? 0 : steps;
    if (begin_ > end_ || end_ > data_.size()) {
      throw malformed("tensor '{}' lies at bytes {} to {} of {}", name(), begin_, end_, data_.size());
    }
    if (end_ - begin_ != bytes) {
      throw malformed("tensor '{}' has {} bytes, expected {} for {} {}", name(), end_ - begin_, bytes,
                      name_of(tensor_.element), to_string(tensor_.shape));
    }
    tensor_.bytes = data_.subspan(begin_, end_ - begin_);
    tensors_.push_back(std::move(tensor_));
  }

  std::span<const std::byte> data_;
  std::string_view path_;
  std::vector<StoredTensor> tensors_;
  std::set<std::string> names_;
  std::string current_;
  int depth_ = 0;
  bool in_metadata_ = false;
  bool in_array_ = false;
  Field field_ = Field::kNone;
  StoredTensor tensor_;
  std::vector<std::uint64_t> numbers_;
  std::uint64_t begin_ = 0, end_ = 0;
  bool has_element_ = false, has_shape_ = false, has_offsets_ = false;
};

// Throws Error unless every byte belongs to exactly one tensor, as the format requires.
void check_coverage(std::span<const StoredTensor> tensors, std::span<const std::byte> data, std::string_view path) {
  const std::byte* end = data.data();
  std::string_view before = "the header";
  for (const StoredTensor& tensor : tensors) {
    if (tensor.bytes.empty()) continue;
    if (tensor.bytes.data() != end) {
      throw error(ErrorCode::kMalformed, "{}: tensor '{}' {} '{}'", path, printable(tensor.name),
                  tensor.bytes.data() < end ? "overlaps" : "leaves a gap after", printable(before));
    }
    end = tensor.bytes.data() + tensor.bytes.size();
    before = tensor.name;
  }
  if (end != data.data() + data.size()) {
    throw error(ErrorCode::kMalformed, "{}: {} bytes after the last tensor belong to none", path,
                data.data() + data.size() - end);
  }
}

}  // namespace

std::string_view name_of(Element element) { return entry_of(element).name; }
std::size_t size_of(Element element) { return entry_of(element).size; }
std::string to_string(std::span<const std::uint64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::vector<StoredTensor> parse_safetensors(std::span<const std::byte> file, std::string_view path) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t header_bytes = 0;
  if (file.size() < sizeof header_bytes) {
    throw error(ErrorCode::kMalformed, "{}: a file of {} bytes is too short for safetensors", path, file.size());
  }
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  if (header_bytes > kLongestHeader) {
    throw error(ErrorCode::kTooLarge, "{}: the header claims {}, expected at most {}", path,
                format_exact_bytes(header_bytes), format_exact_bytes(kLongestHeader));
  }
  if (header_bytes > file.size() - sizeof header_bytes) {
    throw error(ErrorCode::kMalformed, "{}: the header claims {} bytes, but the file has {} after the header's length",
                path, header_bytes, file.size() - sizeof header_bytes);
  }
  const std::span header = file.subspan(sizeof header_bytes, header_bytes);
  const std::span data = file.subspan(sizeof header_bytes + header_bytes);
  if (header.empty() || static_cast<char>(header.front()) != '{') {
    throw error(ErrorCode::kMalformed, "{}: the header does not begin with '{{'; is it a safetensors file?", path);
  }
  HeaderReader reader(data, path);
  const auto* text = reinterpret_cast<const char*>(header.data());
  nlohmann::json::sax_parse(text, text + header.size(), &reader);
  std::vector<StoredTensor> tensors = reader.take();
  std::ranges::stable_sort(tensors, {}, [](const StoredTensor& tensor) { return tensor.bytes.data(); });
  check_coverage(tensors, data, path);
  return tensors;
}

SafetensorsFile::SafetensorsFile(const std::string& path)
    : mapping_(path), tensors_(parse_safetensors(mapping_.bytes(), mapping_.path())) {}

}  // namespace rocmforge::convert
