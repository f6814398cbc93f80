#include "text/jinja/template.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "text/jinja/failure.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/lexer.h"
#include "text/jinja/parser.h"
#include "text/jinja/text_object.h"
#include "text/jinja/tree.h"

namespace rocmforge::text::jinja {
namespace {

// Number of bytes of a long line that are shown before and after the place.
constexpr std::size_t kShownBefore = 60;
constexpr std::size_t kShownBehind = 40;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool is_inside_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Returns two lines: the source around the place, and a caret below it.
std::string shown_place(std::string_view line, std::size_t at) {
  std::size_t from = at > kShownBefore ? at - kShownBefore : 0;
  while (from < at && is_inside_character(line[from])) ++from;
  std::size_t to = std::min(line.size(), at + kShownBehind);
  while (to < line.size() && is_inside_character(line[to])) ++to;
  std::string before = printable(line.substr(from, at - from), 1000);
  if (from != 0) before.insert(0, "…");
  const std::string behind = printable(line.substr(at, to - at), 1000);
  return fmt::format("       {}{}{}\n       {}^", before, behind, to < line.size() ? "…" : "",
                     std::string(characters(before), ' '));
}

Error error_at(const Tree& tree, std::uint32_t offset, ErrorCode code, std::string_view what) {
  const std::string_view source = tree.source;
  const std::size_t at = std::min<std::size_t>(offset, source.size());
  const std::size_t newline = at == 0 ? std::string_view::npos : source.rfind('\n', at - 1);
  const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  const std::string_view line = source.substr(start, source.find('\n', start) - start);
  const auto number = 1 + std::count(source.begin(), source.begin() + static_cast<std::ptrdiff_t>(start), '\n');
  return error(code, "{}: line {}, column {}: {}\n{}", tree.name, number,
               characters(source.substr(start, at - start)) + 1, what, shown_place(line, at - start));
}

}  // namespace

Template Template::parse(std::string_view source, std::string_view name) {
  if (source.size() > kMaxSourceBytes) {
    throw error(ErrorCode::kTooLarge, "{}: the template has {}, expected at most {}", name, format_bytes(source.size()),
                format_bytes(kMaxSourceBytes));
  }
  auto tree = std::make_shared<Tree>();
  tree->name = name;
  tree->source = normalized_source(source);
  try {
    parse_into(*tree);
  } catch (const SyntaxFailure& problem) {
    throw error_at(*tree, problem.offset, ErrorCode::kMalformed, problem.message);
  }
  return Template(std::move(tree));
}

Rendered Template::render(const Value& context, const RenderOptions& options) const {
  Interpreter interpreter(*tree_, context, options);
  try {
    const Object text = interpreter.run();
    Rendered rendered{std::string(view(text)), {}};
    for_each_data_range(text, [&](ByteRange range) { rendered.data.push_back({range.begin, range.end}); });
    return rendered;
  } catch (const Failure& problem) {
    throw error_at(*tree_, interpreter.position(), problem.code, problem.message);
  }
}

}  // namespace rocmforge::text::jinja
