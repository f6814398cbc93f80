#include "backends/cpu/cpu_backend.h"

#include <cstring>

#include <fmt/core.h>

#include "base/error.h"
#include "base/memory_state.h"

namespace rocmforge::cpu {

using namespace ops;

CpuBackend::CpuBackend(const Options& options)
    : tier_(options.tier),
      pool_(options.threads),
      elementwise_(elementwise_kernels(options.tier)),
      attention_(attention_kernels(options.tier)),
      recurrent_(recurrent_kernels(options.tier)),
      matrix_states_(matrix_state_kernels(options.tier)),
      quantize_row_(quantize_row(options.tier)) {
  for (const quant::Format& format : quant::formats()) products_.push_back(product_kernel(format, tier_));
}

std::string CpuBackend::description() const {
  return fmt::format("{}, {} thread{}", name_of(tier_), pool_.size(), pool_.size() == 1 ? "" : "s");
}

ops::MemoryState CpuBackend::memory() const {
  const SystemMemory memory = system_memory();
  return {memory.total, memory.available};
}

// F64 is accepted too. It is converted to float32; no model uses it where the difference would matter.
bool CpuBackend::can_multiply(const quant::Format& format) const { return !format.is_integer(); }

bool CpuBackend::can_cache(const quant::Format& format) const {
  using enum quant::FormatId;
  return format.id == kF32 || format.id == kF16 || format.id == kBF16 || format.id == kQ8_0 || format.id == kQ4_0;
}

std::unique_ptr<Buffer> CpuBackend::allocate(std::size_t bytes) { return std::make_unique<HostMemory>(bytes); }

Weight CpuBackend::bind(const WeightSource& source) {
  Weight weight;
  weight.format = source.format;
  weight.columns = source.columns;
  weight.rows = source.rows;
  weight.count = source.count;
  weight.data = source.bytes.data();
  weight.row_bytes = source.row_bytes();
  weight.matrix_bytes = source.matrix_bytes;
  return weight;
}

void CpuBackend::reserve(const WorkLimits& limits) {
  scratch_ = Scratch();  // frees the old memory before allocating the new
  scratch_ = Scratch(limits, pool_.size());
}

std::uint64_t CpuBackend::work_bytes(const WorkLimits& limits) const { return Scratch::bytes(limits, pool_.size()); }

void CpuBackend::write(std::byte* to, std::span<const std::byte> from) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}
void CpuBackend::read(std::span<std::byte> to, const std::byte* from) {
  if (!to.empty()) std::memcpy(to.data(), from, to.size());
}
void CpuBackend::move(std::byte* to, const std::byte* from, std::size_t bytes) {
  if (bytes > 0) std::memcpy(to, from, bytes);
}

std::unique_ptr<Backend> make_backend(const Options& options) { return std::make_unique<CpuBackend>(options); }

}  // namespace rocmforge::cpu
