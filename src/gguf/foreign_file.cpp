#include "gguf/foreign_file.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"

namespace rocmforge::gguf {
namespace {

constexpr const char* kConvert = "`rocmforge convert FOLDER OUT.gguf` makes a GGUF file of a Hugging Face checkpoint";
constexpr const char* kOldFormat = "this format has been obsolete since 2023; look for a GGUF file of the same model";
constexpr const char* kWebPage = "the server answered with a page instead of the model; does it ask for a login?";

struct Kind {
  std::string_view beginning;
  const char* name;
  const char* hint;
};

constexpr auto kKinds = std::to_array<Kind>({
    {"version https://git-lfs", "is a Git LFS pointer, not the model itself", "run `git lfs pull` in its folder"},
    {"lmgg", "is a GGML file", kOldFormat},
    {"fmgg", "is a GGMF file", kOldFormat},
    {"tjgg", "is a GGJT file", kOldFormat},
    {"algg", "is a GGLA adapter", kOldFormat},
    {"PK\x03\x04", "is a ZIP archive, perhaps a PyTorch checkpoint", kConvert},
    {"\x80\x02", "is a Python pickle, perhaps a PyTorch checkpoint", kConvert},
    {"\x93NUMPY", "is a NumPy array", ""},
    {"\x1f\x8b", "is compressed by gzip", "unpack it first"},
    {"\x28\xb5\x2f\xfd", "is compressed by zstd", "unpack it first"},
});

bool is_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\r' || c == '\t';
  });
}

// A safetensors file begins with eight bytes that hold the length of a JSON object, followed by the object.
bool is_safetensors(std::string_view text) { return text.size() > 8 && text[8] == '{' && text[6] == 0 && text[7] == 0; }

}  // namespace

Error not_a_gguf_file(std::span<const std::byte> bytes, const std::string& file) {
  constexpr std::size_t kLookedAt = 512;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), kLookedAt));
  const auto answer = [&](std::string_view what, std::string hint = {}) {
    return Error(ErrorCode::kMalformed, fmt::format("{}: {}", file, what), std::move(hint));
  };

  if (text.empty()) return answer("is empty", "the download may have failed");
  if (std::string_view("GGUF").starts_with(text))
    return answer("ends within its first 4 bytes", "the download may have failed");
  for (const Kind& kind : kKinds) {
    if (text.starts_with(kind.beginning)) return answer(kind.name, kind.hint);
  }
  if (is_safetensors(text)) return answer("is a safetensors file", kConvert);
  if (std::all_of(text.begin(), text.end(), [](char c) { return c == 0; })) {
    return answer("begins with zeros", "the download may have reserved the space and then failed");
  }
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && is_text(text)) {
    if (text[first] == '<') return answer("is a web page", kWebPage);
    if (text[first] == '{') return answer("is a JSON text", kWebPage);
  }
  return answer(fmt::format("is not a GGUF file: it begins with '{}', expected 'GGUF'", printable(text.substr(0, 4))));
}

}  // namespace rocmforge::gguf
