// Makes steps of several sequences with block tables whose blocks are scattered.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "ops/step.h"

namespace rocmforge::testing {

struct SequencePlan {
  std::int32_t first_position = 0;
  std::int32_t rows = 0;
  std::int32_t state_slot = 0;
  std::int32_t number = 0;  // number of the sequence, which determines its blocks
  std::int32_t source_length = 0;
};

class TestStep {
 public:
  static constexpr std::int32_t kTableLength = 40;
  static constexpr std::int32_t kMostSequences = 8;
  static constexpr std::int32_t kGroups = 2;
  static constexpr std::int32_t kBlocks = kTableLength * kMostSequences;  // of each layer

  explicit TestStep(const std::vector<SequencePlan>& plans) {
    for (const SequencePlan& plan : plans) {
      const auto number = static_cast<std::int32_t>(sequences_.size());
      sequences_.push_back({rows(), plan.rows, plan.first_position, plan.state_slot, plan.source_length});
      for (std::int32_t i = 0; i < plan.rows; ++i) {
        positions_.push_back(plan.first_position + i);
        tokens_.push_back((plan.first_position + i) * 7 % 50);
        sequence_.push_back(number);
      }
    }
    for (std::int32_t group = 0; group < kGroups; ++group) {
      std::vector<std::int32_t> blocks(kBlocks);
      std::iota(blocks.begin(), blocks.end(), 0);
      std::shuffle(blocks.begin(), blocks.end(), std::mt19937(static_cast<std::uint32_t>(group)));
      for (const SequencePlan& plan : plans) {
        const auto own = blocks.begin() + plan.number * kTableLength;
        tables_.insert(tables_.end(), own, own + kTableLength);
      }
    }
  }

  std::int32_t rows() const { return static_cast<std::int32_t>(tokens_.size()); }

  ops::Step step() const { return {tokens_, positions_, sequence_, sequences_, tables_, kTableLength}; }

 private:
  std::vector<std::int32_t> tokens_;
  std::vector<std::int32_t> positions_;
  std::vector<std::int32_t> sequence_;
  std::vector<ops::SequenceRows> sequences_;
  std::vector<std::int32_t> tables_;
};

}  // namespace rocmforge::testing
