#include "base/npy.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/text.h"

namespace rocmforge {
namespace {

static_assert(std::endian::native == std::endian::little, "values are copied as they are, and '<f4' is little-endian");

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr std::size_t kHeaderAlignment = 64;
constexpr std::size_t kLongestHeader = 1 << 16;
constexpr std::size_t kMostDimensions = 32;

std::string header_of(std::span<const std::size_t> shape) {
  std::string dimensions;
  for (const std::size_t dimension : shape) dimensions += fmt::format("{}, ", dimension);
  if (shape.size() > 1) dimensions.resize(dimensions.size() - 2);
  if (shape.size() == 1) dimensions.pop_back();  // a Python tuple of one element is "(3,)"
  std::string text = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", dimensions);

  constexpr std::size_t kBefore = kMagic.size() + 4;  // the version and the length
  text.append(kHeaderAlignment - (kBefore + text.size() + 1) % kHeaderAlignment, ' ').push_back('\n');
  std::string header(kMagic);
  header += {1, 0, static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
  return header + text;
}

// Parses the header's Python dictionary, in which only three entries and four kinds of values occur.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  std::vector<std::size_t> parse() {
    expect("{");
    while (!accept("}")) {
      parse_entry();
      if (!accept(",")) {
        expect("}");
        break;
      }
    }
    skip_space();
    if (!text_.empty()) fail("text after the dictionary");
    if (!seen_descr_ || !seen_order_ || !seen_shape_) fail("'descr', 'fortran_order' or 'shape' is missing");
    return std::move(shape_);
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw error(ErrorCode::kMalformed, "{}: bad npy header: {}", path_, what);
  }

  void skip_space() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n' || text_.front() == '\t')) {
      text_.remove_prefix(1);
    }
  }
  bool accept(std::string_view token) {
    skip_space();
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) fail(fmt::format("expected '{}' before '{}'", token, printable(text_, 20)));
  }

  std::string_view parse_string() {
    skip_space();
    const char quote = text_.empty() ? '\0' : text_.front();
    const std::size_t end = quote == '\'' || quote == '"' ? text_.find(quote, 1) : std::string_view::npos;
    if (end == std::string_view::npos) fail("expected a string");
    const std::string_view value = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return value;
  }

  void parse_entry() {
    const std::string_view key = parse_string();
    expect(":");
    if (key == "descr" && !std::exchange(seen_descr_, true)) {
      const std::string_view type = parse_string();
      if (type != "<f4") fail(fmt::format("values of type '{}', expected '<f4' (float32)", printable(type, 20)));
    } else if (key == "fortran_order" && !std::exchange(seen_order_, true)) {
      if (!accept("False")) fail("'fortran_order' is not False");
    } else if (key == "shape" && !std::exchange(seen_shape_, true)) {
      parse_shape();
    } else {
      fail(fmt::format("unexpected entry '{}'", printable(key, 40)));
    }
  }

  void parse_shape() {
    expect("(");
    while (!accept(")")) {
      std::size_t dimension = 0;
      const auto [stop, problem] = std::from_chars(text_.data(), text_.data() + text_.size(), dimension);
      if (problem != std::errc() || shape_.size() == kMostDimensions) fail("'shape' is not a list of sizes");
      text_.remove_prefix(static_cast<std::size_t>(stop - text_.data()));
      shape_.push_back(dimension);
      if (!accept(",")) {
        expect(")");
        break;
      }
      skip_space();
    }
  }

  std::string_view text_;
  const std::string& path_;
  std::vector<std::size_t> shape_;
  bool seen_descr_ = false;
  bool seen_order_ = false;
  bool seen_shape_ = false;
};

// Computes the product. Returns false if it exceeds 64 bits.
bool multiply_all(std::span<const std::size_t> factors, std::uint64_t& product) {
  product = 1;
  for (const std::uint64_t factor : factors) {
    if (__builtin_mul_overflow(product, factor, &product)) return false;
  }
  return true;
}

}  // namespace

NpyArray read_npy(const std::string& path) {
  const MappedFile file(path);
  const std::string_view content(reinterpret_cast<const char*>(file.bytes().data()), file.size());
  const auto malformed = [&](std::string_view what) { return error(ErrorCode::kMalformed, "{}: {}", path, what); };
  if (!content.starts_with(kMagic)) throw malformed("is not an npy file");
  const std::size_t length_bytes = content.size() > 6 && content[6] == 1 ? 2 : 4;
  const std::size_t before = kMagic.size() + 2 + length_bytes;
  if (content.size() < before) throw malformed("ends within the npy header");
  if ((content[6] != 1 && content[6] != 2) || content[7] != 0) throw malformed("npy format is neither 1.0 nor 2.0");

  std::uint32_t length = 0;
  std::memcpy(&length, content.data() + 8, length_bytes);
  if (length > kLongestHeader) throw malformed("npy header longer than 64 KiB");
  if (length > content.size() - before) throw malformed("ends within the npy header");
  NpyArray array;
  array.shape = HeaderParser(content.substr(before, length), path).parse();

  const std::string_view data = content.substr(before + length);
  std::uint64_t count = 0;
  if (!multiply_all(array.shape, count) || count > data.size() / sizeof(float) ||
      count * sizeof(float) != data.size()) {
    throw error(ErrorCode::kMalformed, "{}: holds {} after its header, which is not shape [{}] of float32", path,
                format_exact_bytes(data.size()), fmt::join(array.shape, ", "));
  }
  array.values.resize(count);
  if (count != 0) std::memcpy(array.values.data(), data.data(), data.size());
  file.check_intact();
  return array;
}

NpyWriter::NpyWriter(std::string path, std::span<const std::size_t> shape) : file_(std::move(path)), missing_(0) {
  RF_CHECK(shape.size() <= kMostDimensions && multiply_all(shape, missing_));
  file_.write(std::as_bytes(std::span<const char>(header_of(shape))));
}

void NpyWriter::append(std::span<const float> values) {
  RF_CHECK(values.size() <= missing_);
  file_.write(std::as_bytes(values));
  missing_ -= values.size();
}

void NpyWriter::commit() {
  RF_CHECK(missing_ == 0);
  file_.commit();
}

}  // namespace rocmforge
