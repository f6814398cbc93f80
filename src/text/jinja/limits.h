// What a template may use up before it is stopped. Templates come with models and contexts with requests: neither is
// trusted. Whatever exceeds a limit ends in an Error kTooLarge that names it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rocmforge::text::jinja {

// Of one render.
struct Limits {
  // A step is one node of the tree evaluated, or some 64 bytes or 8 items handled inside a filter. A long chat takes
  // about two hundred steps a message; this many take well under a second.
  std::uint64_t steps = 4'000'000;
  // Expressions, blocks, macro calls and levels of a printed value inside each other. A macro that calls itself costs
  // some eight levels a call; at a few hundred bytes of stack a level this stays far below a thread's 8 MiB.
  std::uint32_t depth = 1000;
  // Everything that the render allocates: it is given back at the end only, so short-lived values count too. Slices
  // and appending to a text cost next to nothing, so a chat takes about twice its text.
  std::size_t memory_bytes = std::size_t{40} << 20;
  // One text, the output included: four million tokens.
  std::size_t text_bytes = std::size_t{16} << 20;
  // One list, tuple or dictionary.
  std::size_t items = std::size_t{1} << 20;
};

// The longest template seen is 20 KB.
inline constexpr std::size_t kMaxSourceBytes = std::size_t{1} << 20;

// Levels of the tree, the longest chain of operators or filters included. Published templates stay under 40.
inline constexpr int kMaxTreeHeight = 200;

// What a call of range() may count: the reference's sandbox has the same bound.
inline constexpr std::int64_t kMaxRange = 100'000;

}  // namespace rocmforge::text::jinja
