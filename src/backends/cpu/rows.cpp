// Operations that treat every row, or every value, for itself.
#include <algorithm>
#include <cstring>

#include "backends/cpu/cpu_backend.h"

namespace rocmforge::cpu {

using namespace ops;

void CpuBackend::embed(const Step& step, RowOf which, const Weight& table, float scale, Write write, Tensor out) {
  const quant::RowKernels& kernels = *kernel_of(*table.format).codec;
  const auto blocks = static_cast<std::size_t>(table.row_bytes) / table.format->block_bytes;
  for_each_row(step.rows(), table.columns, [&](std::int64_t row, int thread) {
    const auto r = static_cast<std::size_t>(row);
    const std::int64_t index = which == RowOf::kToken      ? step.tokens[r]
                               : which == RowOf::kPosition ? step.positions[r]
                                                           : 0;
    ThreadSpace& space = work_.thread(thread);
    const std::byte* from = table.row(0, index);
    if (reinterpret_cast<std::uintptr_t>(from) % kernels.alignment != 0) {
      from = static_cast<std::byte*>(std::memcpy(space.row_bytes, from, static_cast<std::size_t>(table.row_bytes)));
    }
    kernels.decode(from, space.row, blocks);
    if (write == Write::kSet) std::fill_n(out.row(row), table.columns, 0.0f);
    elementwise_.add_scaled(scale, space.row, out.row(row), table.columns);
  });
}

void CpuBackend::norm(Tensor x, const Norm& norm, Write write, Tensor out) {
  for_each_row(x.rows, 2 * x.columns,
               [&](std::int64_t row, int) { elementwise_.norm(x.row(row), norm, write, out.row(row), x.columns); });
}

void CpuBackend::copy_heads(Heads from, Heads to) {
  for_each_row(from.tensor.rows, from.heads * from.size, [&](std::int64_t row, int) {
    for (int head = 0; head < from.heads; ++head) std::copy_n(from.at(row, head), from.size, to.at(row, head));
  });
}

void CpuBackend::add(Tensor x, Tensor to) {
  for_each_row(to.rows, to.columns,
               [&](std::int64_t row, int) { elementwise_.add_scaled(1, x.row(row), to.row(row), to.columns); });
}

void CpuBackend::add_gated(Tensor x, Tensor gate, Tensor to) {
  for_each_row(to.rows, to.columns, [&](std::int64_t row, int) {
    elementwise_.add_scaled(elementwise_.sigmoid(*gate.row(row)), x.row(row), to.row(row), to.columns);
  });
}

void CpuBackend::multiply_silu(Tensor gate, Tensor x) {
  for_each_row(x.rows, 4 * x.columns,
               [&](std::int64_t row, int) { elementwise_.multiply_silu(gate.row(row), x.row(row), x.columns); });
}

void CpuBackend::scale(float factor, Tensor x) {
  for_each_row(x.rows, x.columns, [&](std::int64_t row, int) { elementwise_.scale(factor, x.row(row), x.columns); });
}

void CpuBackend::soft_cap(float cap, Tensor x) {
  for_each_row(x.rows, 4 * x.columns,
               [&](std::int64_t row, int) { elementwise_.soft_cap(cap, x.row(row), x.columns); });
}

void CpuBackend::gather_rows(Tensor x, std::span<const std::int32_t> rows, Tensor out) {
  for_each_row(static_cast<std::int64_t>(rows.size()), x.columns, [&](std::int64_t row, int) {
    std::copy_n(x.row(rows[static_cast<std::size_t>(row)]), x.columns, out.row(row));
  });
}

void CpuBackend::argmax(Tensor x, std::int32_t* out) {
  for_each_row(x.rows, x.columns, [&](std::int64_t row, int) {
    out[row] = static_cast<std::int32_t>(elementwise_.argmax(x.row(row), x.columns));
  });
}

}  // namespace rocmforge::cpu
