// Fuzzes templates: arbitrary text as a template, and arbitrary JSON as its context.
//
// Input: the template, a zero byte, and the context (which may be missing). The data ranges of the result must be
// valid, and any byte that the template itself cannot have produced must lie inside one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "text/jinja/from_json.h"
#include "text/jinja/template.h"

namespace rocmforge {
namespace {

namespace jinja = text::jinja;

// A letter that only the context has. A template can produce its code point only with escapes or numbers, and no other
// character maps to it by case, category or normal form.
constexpr std::string_view kMarker = "\xe4\xb8\xad";

// Returns whether the template itself can produce the marker or bytes of it.
bool could_make_marker(std::string_view source) {
  return !is_valid_utf8(source) || source.find(kMarker) != std::string_view::npos ||
         source.find('\\') != std::string_view::npos || source.find("%c") != std::string_view::npos ||
         source.find("c}") != std::string_view::npos;
}

jinja::RenderOptions small_options() {
  jinja::RenderOptions options;
  options.limits.steps = 100'000;
  options.limits.memory_bytes = std::size_t{4} << 20;
  options.limits.text_bytes = std::size_t{1} << 18;
  options.limits.items = 10'000;
  options.limits.depth = 200;
  options.now.emplace();
  return options;
}

nlohmann::ordered_json context_of(std::string_view text) {
  nlohmann::ordered_json context;
  try {
    context = parse_ordered_json(text, "input");
  } catch (const Error&) {
    context = nullptr;
  }
  if (!context.is_object()) context = nlohmann::ordered_json::object();
  const std::string marked = "a " + std::string(kMarker) + " b\n" + std::string(kMarker) + "<c>";
  context["m"] = marked;
  context["d"] = {{"role", marked}, {marked, 1}, {"list", {marked, 2, nullptr, 1.5}}};
  context["messages"] = {{{"role", "user"}, {"content", marked}}, {{"role", "assistant"}, {"content", marked}}};
  return context;
}

void check(const jinja::Rendered& rendered, bool no_marker_of_its_own) {
  if (!is_valid_utf8(rendered.text)) std::abort();
  std::size_t end = 0;
  bool first = true;
  for (const text::TextRange& range : rendered.data) {
    const bool in_order = first || range.begin > end;
    if (!in_order || range.begin >= range.end || range.end > rendered.text.size()) std::abort();
    end = range.end;
    first = false;
  }
  if (!no_marker_of_its_own) return;
  for (std::size_t at = 0; (at = rendered.text.find(kMarker, at)) != std::string::npos; at += kMarker.size()) {
    const auto holds = [&](const text::TextRange& range) {
      return range.begin <= at && at + kMarker.size() <= range.end;
    };
    if (std::ranges::none_of(rendered.data, holds)) std::abort();
  }
}

}  // namespace
}  // namespace rocmforge

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rocmforge;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = std::min(input.find('\0'), input.size());
  const std::string_view source = input.substr(0, zero);
  try {
    const jinja::Template parsed = jinja::Template::parse(source);
    const auto context = jinja::from_json(context_of(input.substr(std::min(zero + 1, size))), jinja::Origin::kContext);
    check(parsed.render(context, small_options()), !could_make_marker(source));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) std::abort();
  }
  return 0;
}
