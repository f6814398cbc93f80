// Where the objects of one render live, and the meter of what it uses up.
//
// Memory is handed out from chunks and given back all at once, so objects may refer to each other in any way, cycles
// included, and need no destructors. Not thread-safe; what nobody changes any more may be read by many threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "text/jinja/limits.h"

namespace rocmforge::text::jinja {

class Workspace {
 public:
  explicit Workspace(const Limits& limits) : limits_(limits) {}
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace();

  // For what is not a render: the constants of a template, a context.
  static Limits unlimited();

  const Limits& limits() const { return limits_; }

  // Counts steps; a Failure when none are left.
  void charge(std::uint64_t steps) {
    steps_ += steps;
    if (steps_ > limits_.steps) out_of_steps();
  }
  void charge_bytes(std::size_t bytes) { charge(1 + bytes / 64); }
  void charge_items(std::size_t items) { charge(1 + items / 8); }

  // Aligned for any object. The bytes are not initialised.
  void* allocate(std::size_t bytes) {
    const std::size_t rounded = (bytes + 15) & ~std::size_t{15};
    if (rounded >= kLargeBytes || rounded > static_cast<std::size_t>(chunk_end_ - chunk_)) {
      return allocate_elsewhere(rounded);
    }
    void* const place = chunk_;
    chunk_ += rounded;
    return place;
  }

  // The same bytes with room for more; the old place is no longer valid.
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

  // Held while something inside something else is handled: guards the stack.
  class Deeper {
   public:
    explicit Deeper(Workspace& work) : work_(work) {
      if (++work_.depth_ > work_.limits_.depth) work_.too_deep();
    }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    ~Deeper() { --work_.depth_; }

   private:
    Workspace& work_;
  };

 private:
  // From here on a block is the system's own, which can make it larger without a copy.
  static constexpr std::size_t kLargeBytes = 4096;

  void* allocate_elsewhere(std::size_t bytes);
  void* allocate_large(std::size_t bytes);
  void take(std::size_t bytes);
  [[noreturn]] void out_of_steps() const;
  [[noreturn]] void out_of_memory() const;
  [[noreturn]] void too_deep() const;

  Limits limits_;
  std::uint64_t steps_ = 0;
  std::uint32_t depth_ = 0;
  std::size_t taken_ = 0;
  std::byte* chunk_ = nullptr;
  std::byte* chunk_end_ = nullptr;
  std::size_t next_chunk_bytes_ = std::size_t{16} << 10;
  std::vector<void*> chunks_;
  std::vector<void*> large_;  // blocks of their own, each behind its place in here
};

}  // namespace rocmforge::text::jinja
