// Holds the objects of one render and counts the resources that it uses.
//
// Memory is allocated from chunks and freed all at once, so objects may refer to each other in any way, including
// cycles, and need no destructors. Not thread-safe; objects that nobody changes any more may be read by several
// threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "text/jinja/limits.h"

namespace rocmforge::text::jinja {

class TemplateMemory {
 public:
  explicit TemplateMemory(const InterpreterLimits& limits) : limits_(limits) {}
  TemplateMemory(const TemplateMemory&) = delete;
  TemplateMemory& operator=(const TemplateMemory&) = delete;
  ~TemplateMemory();

  // Returns limits that are never reached, for the constants of a template and for contexts.
  static InterpreterLimits unlimited();

  const InterpreterLimits& limits() const { return limits_; }

  // Counts steps. Throws a Failure if none are left.
  void charge(std::uint64_t steps) {
    steps_ += steps;
    if (steps_ > limits_.steps) out_of_steps();
  }
  void charge_bytes(std::size_t bytes) { charge(1 + bytes / 64); }
  void charge_items(std::size_t items) { charge(1 + items / 8); }

  // Returns memory that is aligned for any object and not initialised.
  void* allocate(std::size_t bytes) {
    const std::size_t rounded = (bytes + 15) & ~std::size_t{15};
    if (rounded >= kLargeBytes || rounded > static_cast<std::size_t>(chunk_end_ - chunk_)) {
      return allocate_elsewhere(rounded);
    }
    void* const place = chunk_;
    chunk_ += rounded;
    return place;
  }

  // Returns a larger block with the same contents; `place` is no longer valid.
  void* grow(void* place, std::size_t old_bytes, std::size_t new_bytes);

  template <typename T>
  T* make(const T& value) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T))) T(value);
  }

  template <typename T>
  T* make_array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (count > limits_.memory_bytes / sizeof(T)) out_of_memory();
    T* const items = static_cast<T*>(allocate(count * sizeof(T)));
    for (std::size_t i = 0; i < count; ++i) new (items + i) T();
    return items;
  }

  // Counts the nesting depth while it is alive, which bounds the use of the stack. Throws a Failure if the limit is
  // exceeded.
  class DepthGuard {
   public:
    explicit DepthGuard(TemplateMemory& memory) : memory_(memory) {
      if (++memory_.depth_ > memory_.limits_.depth) memory_.too_deep();
    }
    DepthGuard(const DepthGuard&) = delete;
    DepthGuard& operator=(const DepthGuard&) = delete;
    ~DepthGuard() { --memory_.depth_; }

   private:
    TemplateMemory& memory_;
  };

  // Throw a Failure for a value that exceeds the limits.
  [[noreturn]] void refuse_text() const;
  [[noreturn]] void refuse_list() const;
  [[noreturn]] void refuse_dictionary() const;

 private:
  // Blocks of at least this size are allocated by malloc(), so that realloc() can often enlarge them without a copy.
  static constexpr std::size_t kLargeBytes = 4096;

  void* allocate_elsewhere(std::size_t bytes);
  void* allocate_large(std::size_t bytes);
  void take(std::size_t bytes);
  [[noreturn]] void out_of_steps() const;
  [[noreturn]] void out_of_memory() const;
  [[noreturn]] void too_deep() const;

  InterpreterLimits limits_;
  std::uint64_t steps_ = 0;
  std::uint32_t depth_ = 0;
  std::size_t taken_ = 0;
  std::byte* chunk_ = nullptr;
  std::byte* chunk_end_ = nullptr;
  std::size_t next_chunk_bytes_ = std::size_t{16} << 10;
  std::vector<void*> chunks_;
  std::vector<void*> large_;  // blocks of malloc(); each stores its index in this vector in front of its data
};

}  // namespace rocmforge::text::jinja
