// The limits on the resources that a template may use. Templates come with models and contexts with requests, and
// neither is trusted. Exceeding a limit throws Error kTooLarge, which names the limit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rocmforge::text::jinja {

// The limits of one render.
struct InterpreterLimits {
  // A step is one evaluated node of the tree, or about 64 bytes or 8 items that a filter processes. A long chat takes
  // about 200 steps per message. The default number of steps takes well under a second.
  std::uint64_t steps = 4'000'000;
  // Nesting depth of expressions, blocks, macro calls and levels of a printed value. A recursive macro uses about eight
  // levels per call. At a few hundred bytes of stack per level, this stays far below a thread's 8 MiB.
  std::uint32_t depth = 1000;
  // Total bytes that the render allocates. Memory is freed only at the end, so short-lived values count too. Slicing
  // and appending to a text cost almost nothing, so a chat takes about twice the size of its text.
  std::size_t memory_bytes = std::size_t{40} << 20;
  // Bytes of one text, including the output: about four million tokens.
  std::size_t text_bytes = std::size_t{16} << 20;
  // Items of one list, tuple or dictionary.
  std::size_t items = std::size_t{1} << 20;
};

// Limits the size of a template's source. The longest template seen is 20 KB.
inline constexpr std::size_t kMaxSourceBytes = std::size_t{1} << 20;

// Limits the height of the tree; a chain of operators or filters adds one level per link. Published templates stay
// under 40.
inline constexpr int kMaxTreeHeight = 200;

// Limits the length of a range(). Jinja2's sandbox has the same limit.
inline constexpr std::int64_t kMaxRange = 100'000;

}  // namespace rocmforge::text::jinja
