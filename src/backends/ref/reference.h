// The reference backend's parts, by kind of operation. Host memory, no threads, one row after the other.
#pragma once

#include <span>
#include <vector>

#include "ops/backend.h"

namespace rocmforge::ref {

using namespace ops;

inline void write_to(Write write, float& to, double value) {
  to = static_cast<float>(write == Write::kAdd ? to + value : value);
}

// Row `row` of matrix number `index`, as numbers.
void decode_row(const Weight& weight, std::int64_t index, std::int64_t row, std::span<float> out);

// out[r] = (row r of matrix `index`) * x * scale + bias.
void multiply(const Linear& linear, std::int64_t index, std::span<const float> x, std::span<double> out);

double activate(Activation activation, double gate, double up);
double activate(Activation activation, double up);
double sigmoid(double x);
double silu(double x);

void normalize(std::span<const float> x, const Norm& norm, Write write, std::span<float> out);

void rope_table(const Step& step, const Rope& rope, Tensor table);
void rope_append(const Step& step, const Attention& attention, Tensor table, Tensor q, Tensor k, Tensor v,
                 const PagedKvView& cache);
void paged_attention(const Step& step, const Attention& attention, Tensor q, const PagedKvView& cache, Tensor out);

void route(std::span<const float> logits, const Router& router, std::int32_t* experts, float* weights);
void moe_ffn(Tensor x, const FeedForward& experts, Routing routing, Write write, Tensor out);

void causal_convolution(const Step& step, const Convolution& convolution, const StateView& state, Tensor x);
void mamba2_scan(const Step& step, const Mamba2& mamba, const StateView& state, Tensor x, Tensor b, Tensor c, Tensor dt,
                 Tensor y);

}  // namespace rocmforge::ref
