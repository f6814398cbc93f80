// The operations of the reference backend, on host memory, without threads, row by row.
#pragma once

#include <span>
#include <vector>

#include "ops/backend.h"

namespace rocmforge::ref {

using namespace ops;

inline void write_to(Write write, float& to, double value) {
  to = static_cast<float>(write == Write::kAdd ? to + value : value);
}

// Decodes a row of matrix `index`.
void decode_row(const Weight& weight, std::int64_t index, std::int64_t row, std::span<float> out);

// Whether products use their inputs unchanged or rounded to 8 bits.
enum class Inputs { kAsTheyAre, kRounded };

// out[r] = (row r of matrix `index`) * x * scale + bias.
void multiply(const Linear& linear, std::int64_t index, std::span<const float> x, Inputs inputs, std::span<double> out);
// out = f(gate) * up, or f(up), with matrix `index` of each; the products are multiplied by `factor` before f.
void gate_up(const FeedForward& ffn, std::int64_t index, std::span<const float> x, Inputs inputs, double factor,
             std::span<float> out);

double activate(Activation activation, double gate, double up);
double activate(Activation activation, const Xielu& xielu, double up);
double sigmoid(double x);
double silu(double x);
double softplus(double x);

void normalize(std::span<const float> x, const Norm& norm, Write write, std::span<float> out);
void match_length(Tensor like, std::int64_t part, Tensor x);
void keep_outliers(float deviations, Tensor x);
void mix_streams(Tensor x, Tensor coefficients, Tensor out);
void add_to_streams(Tensor x, Tensor coefficients, Tensor to);

void rope_table(const Step& step, const Rope& rope, Tensor table);
void rope_append(const Step& step, const Attention& attention, Tensor table, Tensor q, Tensor k, Tensor v,
                 const PagedKvView& cache);
void paged_attention(const Step& step, const Attention& attention, Tensor q, const PagedKvView& cache,
                     const KeySelection& selection, Tensor out);
void select_keys(const Step& step, int most, Heads q, Tensor weights, const PagedKvView& keys,
                 const KeySelection& selection);

void route(std::span<const float> logits, const Router& router, std::int32_t* experts, float* weights);
void moe_ffn(Tensor x, const FeedForward& experts, Routing routing, Inputs inputs, Write write, Tensor out);

void causal_convolution(const Step& step, const Convolution& convolution, const StateView& state, Tensor x);
void mamba2_scan(const Step& step, const Mamba2& mamba, const StateView& state, Tensor x, Tensor b, Tensor c, Tensor dt,
                 Tensor y);
void mamba_scan(const Step& step, const Mamba& mamba, const StateView& state, Tensor x, Tensor b, Tensor c, Tensor dt,
                Tensor y);
void shift_difference(const Step& step, const StateView& state, Tensor x, Tensor out);

void delta_scan(const Step& step, const DeltaRule& rule, const StateView& state, Tensor q, Tensor k, Tensor v,
                Tensor decay, Tensor beta, Tensor y);
void wkv6_scan(const Step& step, const Wkv6& wkv, const StateView& state, Tensor r, Tensor k, Tensor v, Tensor decay,
               Tensor y);
void wkv7_scan(const Step& step, const Wkv7& wkv, const StateView& state, Tensor r, Tensor k, Tensor v, Tensor decay,
               Tensor rate, Tensor y);

}  // namespace rocmforge::ref
