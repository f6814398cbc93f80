#include "text/jinja/template_memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "text/jinja/failure.h"

namespace rocmforge::text::jinja {
namespace {

constexpr std::size_t kLargestChunk = std::size_t{256} << 10;
constexpr std::size_t kHeader = 16;  // keeps the data aligned

}  // namespace

TemplateMemory::~TemplateMemory() {
  for (void* chunk : chunks_) std::free(chunk);
  for (void* block : large_) std::free(block);
}

InterpreterLimits TemplateMemory::unlimited() {
  InterpreterLimits limits;
  limits.steps = std::numeric_limits<std::uint64_t>::max() / 2;
  limits.memory_bytes = std::numeric_limits<std::size_t>::max() / 2;
  limits.text_bytes = std::numeric_limits<std::uint32_t>::max() / 2;
  limits.items = std::numeric_limits<std::uint32_t>::max() / 2;
  return limits;
}

void TemplateMemory::take(std::size_t bytes) {
  if (bytes > limits_.memory_bytes - taken_) out_of_memory();
  taken_ += bytes;
}

void* TemplateMemory::allocate_elsewhere(std::size_t bytes) {
  if (bytes >= kLargeBytes) return allocate_large(bytes);
  take(next_chunk_bytes_);
  chunks_.reserve(chunks_.size() + 1);
  chunk_ = static_cast<std::byte*>(std::malloc(next_chunk_bytes_));
  if (chunk_ == nullptr) throw std::bad_alloc();
  chunks_.push_back(chunk_);
  chunk_end_ = chunk_ + next_chunk_bytes_;
  next_chunk_bytes_ = std::min(2 * next_chunk_bytes_, kLargestChunk);
  return allocate(bytes);
}

void* TemplateMemory::allocate_large(std::size_t bytes) {
  take(bytes);
  large_.push_back(nullptr);
  void* const block = std::malloc(bytes + kHeader);
  if (block == nullptr) throw std::bad_alloc();
  const std::size_t index = large_.size() - 1;
  large_[index] = block;
  std::memcpy(block, &index, sizeof index);
  return static_cast<std::byte*>(block) + kHeader;
}

void* TemplateMemory::grow(void* place, std::size_t old_bytes, std::size_t new_bytes) {
  if (old_bytes < kLargeBytes) {
    void* const moved = allocate(new_bytes);
    if (old_bytes != 0) std::memcpy(moved, place, old_bytes);
    return moved;
  }
  take(new_bytes - old_bytes);
  std::byte* const block = static_cast<std::byte*>(place) - kHeader;
  std::size_t index = 0;
  std::memcpy(&index, block, sizeof index);
  void* const moved = std::realloc(block, new_bytes + kHeader);
  if (moved == nullptr) throw std::bad_alloc();
  large_[index] = moved;
  return static_cast<std::byte*>(moved) + kHeader;
}

void TemplateMemory::refuse_text() const {
  throw limit_failure("the template makes a text of more than {} bytes", limits_.text_bytes);
}

void TemplateMemory::refuse_list() const {
  throw limit_failure("the template makes a list of more than {} items", limits_.items);
}

void TemplateMemory::refuse_dictionary() const {
  throw limit_failure("the template makes a dictionary of more than {} entries", limits_.items);
}

void TemplateMemory::out_of_steps() const {
  throw limit_failure("the template takes more than {} steps; does it loop without end?", limits_.steps);
}

void TemplateMemory::out_of_memory() const {
  throw limit_failure("the template needs more than {} bytes of memory", limits_.memory_bytes);
}

void TemplateMemory::too_deep() const {
  throw limit_failure("the template is nested deeper than {} levels; does a macro call itself without end?",
                      limits_.depth);
}

}  // namespace rocmforge::text::jinja
