// Operations that process each row or each value independently.
#include <algorithm>
#include <cmath>
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
    ThreadScratch& scratch = scratch_.thread(thread);
    const std::byte* from = table.row(0, index);
    if (reinterpret_cast<std::uintptr_t>(from) % kernels.alignment != 0) {
      from = static_cast<std::byte*>(std::memcpy(scratch.row_bytes, from, static_cast<std::size_t>(table.row_bytes)));
    }
    kernels.decode(from, scratch.row, blocks);
    if (write == Write::kSet) std::fill_n(out.row(row), table.columns, 0.0f);
    elementwise_.add_scaled(scale, scratch.row, out.row(row), table.columns);
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

void CpuBackend::add(Tensor x, float factor, Tensor to) {
  for_each_row(to.rows, to.columns,
               [&](std::int64_t row, int) { elementwise_.add_scaled(factor, x.row(row), to.row(row), to.columns); });
}

void CpuBackend::add_gated(Tensor x, Tensor gate, Tensor to) {
  for_each_row(to.rows, to.columns, [&](std::int64_t row, int) {
    elementwise_.add_scaled(elementwise_.sigmoid(*gate.row(row)), x.row(row), to.row(row), to.columns);
  });
}

void CpuBackend::gate(Activation activation, Tensor gate, Tensor x, Tensor out) {
  for_each_row(x.rows, 4 * x.columns, [&](std::int64_t row, int) {
    elementwise_.activate(activation, Xielu(), gate.row(row), x.row(row), out.row(row), x.columns);
  });
}

void CpuBackend::scale(float factor, Tensor x) {
  for_each_row(x.rows, x.columns, [&](std::int64_t row, int) { elementwise_.scale(factor, x.row(row), x.columns); });
}

void CpuBackend::scale_columns(const float* factors, Tensor x) {
  for_each_row(x.rows, x.columns,
               [&](std::int64_t row, int) { elementwise_.multiply(factors, x.row(row), x.columns); });
}

void CpuBackend::interpolate(Tensor x, Tensor difference, const float* weight, Tensor more, Tensor out) {
  for_each_row(x.rows, 2 * x.columns, [&](std::int64_t row, int) {
    elementwise_.interpolate(x.row(row), difference.row(row), weight, more.columns == 0 ? nullptr : more.row(row),
                             out.row(row), x.columns);
  });
}

void CpuBackend::blend(Tensor other, Tensor gate, Tensor x) {
  for_each_row(x.rows, 4 * x.columns, [&](std::int64_t row, int) {
    elementwise_.blend(other.row(row), gate.row(row), x.row(row), x.columns);
  });
}

void CpuBackend::keep_outliers(float deviations, Tensor x) {
  for_each_row(x.rows, 4 * x.columns,
               [&](std::int64_t row, int) { elementwise_.keep_outliers(deviations, x.row(row), x.columns); });
}

void CpuBackend::match_length(Tensor like, std::int64_t part, Tensor x) {
  const std::int64_t parts = x.columns / part;
  for_each_row(x.rows * parts, 4 * part, [&](std::int64_t index, int) {
    float* const own = x.row(index / parts) + index % parts * part;
    const double wanted = elementwise_.length(like.row(index / parts), like.columns);
    elementwise_.scale(static_cast<float>(wanted / std::max(elementwise_.length(own, part), 1e-5)), own, part);
  });
}

void CpuBackend::mix_streams(Tensor x, Tensor coefficients, Tensor out) {
  const std::int64_t streams = std::lround(std::sqrt(static_cast<double>(coefficients.columns)));
  const std::int64_t part = x.columns / streams;
  for_each_row(x.rows * streams, (streams + 1) * part, [&](std::int64_t index, int) {
    const std::int64_t row = index / streams;
    const std::int64_t k = index % streams;
    float* const to = out.row(row) + k * part;
    std::copy_n(x.row(row) + k * part, part, to);
    for (std::int64_t j = 0; j < streams; ++j) {
      elementwise_.add_scaled(coefficients.row(row)[k * streams + j], x.row(row) + j * part, to, part);
    }
  });
}

void CpuBackend::add_to_streams(Tensor x, Tensor coefficients, Tensor to) {
  for_each_row(to.rows, to.columns, [&](std::int64_t row, int) {
    for (std::int64_t k = 0; k < coefficients.columns; ++k) {
      elementwise_.add_scaled(1 + coefficients.row(row)[k], x.row(row), to.row(row) + k * x.columns, x.columns);
    }
  });
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

}  // namespace rocmforge::cpu
