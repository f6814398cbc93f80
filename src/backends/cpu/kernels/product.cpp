#include "backends/cpu/kernels/product.h"

namespace rocmforge::cpu {

ProductKernel product_kernel(const quant::Format& format, CpuTier tier) {
  ProductKernel kernel;
  kernel.multiply = integer_product(format.id, tier);
  kernel.takes_quantized = kernel.multiply != nullptr;
  if (kernel.multiply == nullptr) kernel.multiply = float_product(format.id, tier);
  if (kernel.multiply == nullptr) kernel.multiply = decoding_product(tier);
  kernel.codec = &quant::row_kernels(format.id, tier);
  kernel.block_values = static_cast<int>(format.block_values);
  kernel.block_bytes = static_cast<int>(format.block_bytes);
  return kernel;
}

}  // namespace rocmforge::cpu
