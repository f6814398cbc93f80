// Declares the encoders that search for scales, one version per Highway target. The bodies are in the _simd.cpp files.

#if defined(ROCMFORGE_QUANT_SEARCH_ENCODERS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ROCMFORGE_QUANT_SEARCH_ENCODERS_INL_H_
#undef ROCMFORGE_QUANT_SEARCH_ENCODERS_INL_H_
#else
#define ROCMFORGE_QUANT_SEARCH_ENCODERS_INL_H_
#endif

#include <cstddef>

#include <hwy/highway.h>

namespace rocmforge::quant::HWY_NAMESPACE {

// These functions are EncodeBlocks; see row_kernels.h.
std::size_t encode_q2_k(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_q3_k(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_q4_k(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_q5_k(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_q6_k(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_iq4_xs(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_nvfp4(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_q1_0(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_tq1_0(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_tq2_0(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_q2_0(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_iq4_nl(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_iq2_s(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_iq3_xxs(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_iq3_s(const float* values, const float* weights, std::byte* blocks, std::size_t count);

// Used with weights only; without weights each block's own encode() is used.
std::size_t encode_q4_0_weighted(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_q4_1_weighted(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_q5_0_weighted(const float* values, const float* weights, std::byte* blocks, std::size_t count);
std::size_t encode_q5_1_weighted(const float* values, const float* weights, std::byte* blocks, std::size_t count);

}  // namespace rocmforge::quant::HWY_NAMESPACE

#endif
