#include "engine/memory_plan.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "sample/sampler.h"

namespace rocmforge::engine {
namespace {

using models::DecoderSpec;

// If every cache group has a window, prefixes outlive their blocks. At most this many are remembered, of all sequences.
constexpr std::int64_t kMostPrefixes = 1 << 16;

// Limits the count to what can be numbered. More blocks do not fit into any memory.
int block_count(std::int64_t blocks) {
  return static_cast<int>(std::min<std::int64_t>(blocks, std::numeric_limits<int>::max() / 4));
}

std::uint64_t bytes_of(const MemoryPlan& plan) { return plan.cache_bytes + plan.work_bytes; }

// Returns the longest context, in whole blocks, that takes at most `room` bytes; 0 if not even one block fits.
std::int64_t longest_that_fits(const DecoderSpec& spec, const MemoryRequest& request, std::int64_t most,
                               std::uint64_t room) {
  std::int64_t fits = 0;
  std::int64_t fails = (most + kBlockTokens - 1) / kBlockTokens + 1;
  while (fails - fits > 1) {
    const std::int64_t blocks = fits + (fails - fits) / 2;
    const std::int64_t context = std::min(most, blocks * kBlockTokens);
    (bytes_of(memory_for(spec, request, context)) <= room ? fits : fails) = blocks;
  }
  return std::min(most, fits * kBlockTokens);
}

// Returns advice on what to try when a context does not fit.
std::string advice(const DecoderSpec& spec, const MemoryRequest& request, std::int64_t context, std::uint64_t room) {
  std::string advice;
  const std::int64_t shorter = longest_that_fits(spec, request, context, room);
  if (shorter > 0) advice = fmt::format("--ctx {} would fit", shorter);
  for (const quant::FormatId id : {quant::FormatId::kF16, quant::FormatId::kQ8_0, quant::FormatId::kQ4_0}) {
    MemoryRequest smaller = request;
    smaller.formats = {&quant::format_of(id), &quant::format_of(id)};
    if (bytes_of(memory_for(spec, smaller, context)) > room) continue;
    return fmt::format("{}{}--kv-type {} {}", advice, advice.empty() ? "" : ", and so would ",
                       smaller.formats.keys->name, advice.empty() ? "would fit" : "at this length");
  }
  return advice.empty() ? "a smaller or more strongly quantized model is needed" : advice;
}

void check_trained_length(const DecoderSpec& spec, std::int64_t context) {
  if (context <= spec.context) return;
  if (spec.learned_positions != models::Need::kNever) {
    throw error(ErrorCode::kUsage, "a context of {}: the model has learned {} positions and supports no more", context,
                spec.context);
  }
  log::warning("a context of {} is longer than the {} positions that the model was trained for", context, spec.context);
}

}  // namespace

MemoryRequest encoder_request(const MemoryRequest& request, std::int64_t context) {
  // The backend's own working memory is shared by both and counted with the decoder's.
  return {.context = context, .formats = request.formats, .limits = models::encoder_limits(context)};
}

MemoryPlan memory_for(const DecoderSpec& spec, const MemoryRequest& request, std::int64_t context) {
  const models::CacheLayout layout = models::cache_layout(spec);
  MemoryPlan plan;
  plan.context = context;
  plan.cache.block_tokens = plan.sizes.block_tokens = kBlockTokens;
  plan.cache.max_tokens = static_cast<int>(context);
  plan.cache.max_sequences = request.sequences;
  plan.formats = request.formats;
  const kv::Demand demand{request.sequences, static_cast<int>(context), request.limits.rows};
  for (const models::CacheGroup& group : layout.groups) {
    const auto blocks = kv::blocks_needed(group.window, kBlockTokens, demand);
    plan.cache.groups.push_back({group.window, block_count(blocks)});
    plan.sizes.blocks.push_back(block_count(blocks));
    plan.cache_bytes += static_cast<std::uint64_t>(blocks) *
                        models::block_bytes(spec, group, request.formats, kBlockTokens, layout.is_shared);
  }
  if (!layout.recurrent_layers.empty()) {
    plan.cache.state_slots = plan.sizes.state_slots = request.sequences + request.snapshots;
    plan.cache_bytes += static_cast<std::uint64_t>(plan.sizes.state_slots) * models::state_bytes(spec);
  }
  const bool sees_everything = std::ranges::count(plan.cache.groups, 0, &kv::Group::window) > 0;
  if (!sees_everything) {
    plan.cache.known_prefixes = static_cast<int>(std::min(kMostPrefixes, kv::known_prefixes(plan.cache)));
  }
  // The logits exist twice: where they are computed, and in the runner's output.
  plan.work_bytes = models::activation_bytes(spec, request.limits, context) + kv::bookkeeping_bytes(plan.cache) +
                    static_cast<std::uint64_t>(request.limits.logit_rows) *
                        static_cast<std::uint64_t>(spec.output_columns()) * sizeof(float);
  if (request.gives_states) {
    plan.work_bytes +=
        static_cast<std::uint64_t>(request.limits.rows) * static_cast<std::uint64_t>(spec.width) * sizeof(float);
  }
  if (request.draws_tokens) {
    plan.work_bytes += sample::Candidates::bytes(spec.vocabulary) +
                       static_cast<std::uint64_t>(request.sequences) * sample::Sampler::stage_bytes(spec.vocabulary);
  }
  if (request.backend != nullptr) {
    plan.work_bytes += request.backend->work_bytes(models::work_limits(spec, request.limits, context));
  }
  if (spec.encoder != nullptr) {
    plan.sizes.source_tokens = static_cast<int>(context);
    plan.sizes.source_slots = request.sequences;
    plan.cache_bytes += static_cast<std::uint64_t>(request.sequences) *
                        models::source_bytes(spec, request.formats, plan.sizes.source_tokens);
    plan.work_bytes += bytes_of(memory_for(*spec.encoder, encoder_request(request, context), context));
  }
  return plan;
}

MemoryPlan plan_memory(const DecoderSpec& spec, std::uint64_t weight_bytes, const MemoryRequest& request,
                       std::uint64_t available) {
  const std::uint64_t room = available > weight_bytes ? available - weight_bytes : 0;
  std::int64_t context = request.context;
  std::string reason = "--ctx";
  if (context == 0) {
    context = longest_that_fits(spec, request, spec.context, room);
    reason = context == spec.context ? "the trained length"
                                     : fmt::format("as much as fits in {} of free memory", format_bytes(room));
  }
  check_trained_length(spec, context);
  // A file larger than memory still runs, from the disk.
  if (context == 0) {
    context = longest_that_fits(spec, request, std::min<std::int64_t>(spec.context, 4096), available);
    reason = "as the weights leave no free memory";
  }
  MemoryPlan plan = memory_for(spec, request, std::max<std::int64_t>(context, 1));
  plan.context_reason = reason;
  plan.weight_bytes = weight_bytes;
  if (context == 0 || bytes_of(plan) > available) {
    throw Error(
        ErrorCode::kOutOfMemory,
        fmt::format("a context of {} takes {} for keys and values and {} for work, but {} is free", plan.context,
                    format_bytes(plan.cache_bytes), format_bytes(plan.work_bytes), format_bytes(available)),
        advice(spec, request, plan.context, room > 0 ? room : available));
  }
  if (bytes_of(plan) > room) {
    log::warning(
        "{} of weights and {} for cache and work exceed the {} of free memory: weights will be read from the disk "
        "repeatedly",
        format_bytes(weight_bytes), format_bytes(bytes_of(plan)), format_bytes(available));
  }
  return plan;
}

}  // namespace rocmforge::engine
