// Tests random use of the cache against a model of its memory: each position holds a value that stands for all tokens
// up to it. A sequence must only be able to read its own history.
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "kv/cache.h"

namespace rocmforge::kv {
namespace {

using Tokens = std::vector<TokenId>;

// What keys and values are computed from: all tokens up to a position. 0 means nothing.
using Content = std::uint64_t;

Content extend(Content content, TokenId token) {
  content = (content + static_cast<std::uint64_t>(token) + 1) * 0x9e3779b97f4a7c15;
  return content ^ content >> 31;
}

struct Operation {
  int kind;
  int sequence;  // index among the live sequences
  int amount;
  std::uint32_t tokens;  // one bit per token
};

std::ostream& operator<<(std::ostream& out, const Operation& operation) {
  return out << operation.kind << '/' << operation.sequence << '/' << operation.amount << '/' << operation.tokens;
}

// Counts how often the interesting events have happened.
struct Seen {
  int reused = 0;
  int copied = 0;
  int refused = 0;
  int evicted = 0;
  int hidden = 0;
  int truncated = 0;
  int states_reused = 0;
};

Tokens tokens_of(const Operation& operation, int count) {
  Tokens tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(static_cast<TokenId>(operation.tokens >> (i % 32) & 1));
  return tokens;
}

class World {
 public:
  // With plenty of room nothing is evicted, so it is known what must be found.
  enum class Room { kScarce, kPlenty };

  World(const CacheCapacity& capacity, Room room, Seen& seen)
      : capacity_(capacity), room_(room), seen_(seen), cache_(capacity) {
    for (const Group& group : capacity.groups) {
      memory_.emplace_back(static_cast<std::size_t>(group.blocks) * capacity.block_tokens);
    }
    states_.resize(static_cast<std::size_t>(capacity.state_slots));
  }

  void apply(const Operation& operation) {
    if (operation.kind == 0 || live_.empty()) {
      add(operation);
    } else if (operation.kind == 1) {
      step(operation);
    } else if (const SequenceId id = pick(operation); operation.kind == 2) {
      remove(id);
    } else if (operation.kind == 3) {
      fork(id);
    } else if (operation.kind == 4) {
      truncate(id, operation);
    } else if (operation.kind == 5) {
      snapshot(id);
    } else if (operation.kind == 6) {
      reserve(id, operation.amount);
    } else {
      const int count = std::min(operation.amount, capacity_.max_tokens - length(id));
      if (reserve(id, count)) append(id, tokens_of(operation, count));
    }
    verify();
  }

  // Everything that is still cached must be right, and nothing may be owned when no sequence is left.
  void finish() {
    while (!live_.empty()) remove(live_.begin()->first);
    verify();
    const auto histories = static_cast<int>(past_.size());
    for (int i = 0; i < histories; ++i) {
      add({.kind = 0, .sequence = i, .amount = 64, .tokens = 0});
      verify();
      while (!live_.empty()) remove(live_.begin()->first);
    }
  }

 private:
  int length(SequenceId id) const { return static_cast<int>(live_.at(id).size()); }
  int group_count() const { return static_cast<int>(capacity_.groups.size()); }
  bool has_state() const { return capacity_.state_slots > 0; }

  SequenceId pick(const Operation& operation) const {
    return std::next(live_.begin(), operation.sequence % static_cast<int>(live_.size()))->first;
  }

  Content& cell(int group, BlockId block, int position) {
    return memory_[group][static_cast<std::size_t>(block) * capacity_.block_tokens + position % capacity_.block_tokens];
  }

  int owners(int group, BlockId block) const {
    int count = 0;
    for (const auto& [id, history] : live_) {
      count += static_cast<int>(std::ranges::count(cache_.table(id, group), block));
    }
    return count;
  }

  // Returns a prompt that usually begins like an earlier one.
  Tokens prompt(const Operation& operation) const {
    Tokens tokens;
    if (!past_.empty()) {
      const Tokens& past = past_[operation.sequence % past_.size()];
      tokens.assign(past.begin(), past.begin() + std::min<std::ptrdiff_t>(operation.amount, std::ssize(past)));
    }
    const Tokens more = tokens_of(operation, 1 + operation.amount % 5);
    tokens.insert(tokens.end(), more.begin(), more.end());
    tokens.resize(std::min(tokens.size(), static_cast<std::size_t>(capacity_.max_tokens)));
    return tokens;
  }

  // Returns the length of the prompt's longest prefix, in whole blocks, that was ever computed and whose state was
  // kept.
  int most_to_find(const Tokens& tokens) const {
    int most = 0;
    const auto& where = has_state() ? kept_ : computed_;
    for (int end = capacity_.block_tokens; end < static_cast<int>(tokens.size()); end += capacity_.block_tokens) {
      if (where.contains(Tokens(tokens.begin(), tokens.begin() + end))) most = end;
    }
    return most;
  }

  void add(const Operation& operation) {
    const int most = has_state() ? std::min(capacity_.max_sequences, capacity_.state_slots) : capacity_.max_sequences;
    const auto id = cache_.add();
    RC_ASSERT(id.has_value() == (static_cast<int>(live_.size()) < most));
    if (!id) return;
    RC_ASSERT(!live_.contains(*id));
    const Tokens tokens = prompt(operation);
    const ReusedPrefix reused = cache_.reuse_prefix(*id, tokens);
    RC_ASSERT(reused.tokens % capacity_.block_tokens == 0);
    RC_ASSERT(reused.tokens <= most_to_find(tokens));
    if (room_ == Room::kPlenty) RC_ASSERT(reused.tokens == most_to_find(tokens));
    RC_ASSERT(reused.state.has_value() == (has_state() && reused.tokens > 0));
    if (reused.state) copy(*reused.state);
    live_[*id] = Tokens(tokens.begin(), tokens.begin() + reused.tokens);
    seen_.reused += reused.tokens > 0;
    seen_.states_reused += reused.state.has_value();
    seen_.evicted += reused.tokens < most_to_find(tokens);
  }

  void remove(SequenceId id) {
    past_.push_back(live_.at(id));
    live_.erase(id);
    cache_.remove(id);
  }

  void fork(SequenceId id) {
    const auto fork = cache_.fork(id);
    RC_ASSERT(fork.has_value() == (static_cast<int>(live_.size()) < capacity_.max_sequences &&
                                   (!has_state() || static_cast<int>(live_.size()) < capacity_.state_slots)));
    if (!fork) return;
    RC_ASSERT(!live_.contains(fork->id));
    RC_ASSERT(fork->state.has_value() == has_state());
    if (fork->state) copy(*fork->state);
    live_[fork->id] = live_.at(id);
  }

  void truncate(SequenceId id, const Operation& operation) {
    if (room_ == Room::kPlenty) return;  // overwritten blocks are not found again
    const int shorter = std::max(length(id) - operation.amount % 8, 0);
    bool possible = shorter == length(id) || !has_state();
    for (int group = 0; group < group_count(); ++group) {
      const auto table = cache_.table(id, group);
      const int first = first_visible(capacity_.groups[group].window, shorter) / capacity_.block_tokens;
      for (int i = first; i < blocks_for(shorter, capacity_.block_tokens); ++i) possible &= table[i] != kNoBlock;
    }
    RC_ASSERT(cache_.truncate(id, shorter) == possible);
    if (!possible) return;
    seen_.truncated += shorter < length(id);
    live_.at(id).resize(static_cast<std::size_t>(shorter));
    for (int group = 0; group < group_count(); ++group) {
      RC_ASSERT(std::ssize(cache_.table(id, group)) == blocks_for(shorter, capacity_.block_tokens));
    }
  }

  void snapshot(SequenceId id) {
    const auto made = cache_.snapshot(id);
    if (!made) return;
    RC_ASSERT(has_state() && length(id) > 0 && length(id) % capacity_.block_tokens == 0);
    for (const auto& [other, history] : live_) RC_ASSERT(cache_.state_slot(other) != made->to);
    copy(*made);
    kept_.insert(live_.at(id));
  }

  void copy(const StateCopy& state) { states_[state.to] = states_[state.from]; }

  // Returns the number of blocks that reserve() must find: for new positions, and for the copy of a shared block.
  int blocks_wanted(SequenceId id, int group, int count) const {
    const auto table = cache_.table(id, group);
    int wanted = std::max(blocks_for(length(id) + count, capacity_.block_tokens) - static_cast<int>(table.size()), 0);
    if (count > 0 && length(id) % capacity_.block_tokens != 0) {
      wanted += owners(group, table[length(id) / capacity_.block_tokens]) > 1;
    }
    return wanted;
  }

  using Picture = std::vector<std::vector<int>>;

  // Returns everything that is visible from outside.
  Picture picture() const {
    Picture picture;
    for (int group = 0; group < group_count(); ++group) {
      const Usage usage = cache_.usage(group);
      picture.push_back({usage.free, usage.cached, usage.owned});
      for (const auto& [id, history] : live_) {
        const auto table = cache_.table(id, group);
        picture.emplace_back(table.begin(), table.end());
      }
    }
    return picture;
  }

  bool reserve(SequenceId id, int count) {
    count = std::min(count, capacity_.max_tokens - length(id));
    bool possible = true;
    for (int group = 0; group < group_count(); ++group) {
      const Usage usage = cache_.usage(group);
      possible &= blocks_wanted(id, group, count) <= usage.free + usage.cached;
    }
    const Picture before = picture();
    const auto copies = cache_.reserve(id, count);
    RC_ASSERT(copies.has_value() == possible);
    if (!copies) {
      RC_ASSERT(picture() == before);
      ++seen_.refused;
      return false;
    }
    for (const BlockCopy& copy : *copies) {
      for (int i = 0; i < capacity_.block_tokens; ++i) cell(copy.group, copy.to, i) = cell(copy.group, copy.from, i);
    }
    seen_.copied += static_cast<int>(copies->size());
    return true;
  }

  void append(SequenceId id, const Tokens& tokens) {
    Tokens& history = live_.at(id);
    Content content = 0;
    for (const TokenId token : history) content = extend(content, token);
    if (has_state() && !tokens.empty()) {
      Content& state = states_[cache_.state_slot(id)];
      if (history.empty()) state = 0;
      RC_ASSERT(state == content);
    }
    for (const TokenId token : tokens) {
      content = extend(content, token);
      for (int group = 0; group < group_count(); ++group) {
        const BlockId block = cache_.table(id, group)[history.size() / capacity_.block_tokens];
        RC_ASSERT(owners(group, block) == 1);
        cell(group, block, static_cast<int>(history.size())) = content;
      }
      history.push_back(token);
      if (history.size() % capacity_.block_tokens == 0) computed_.insert(history);
    }
    if (has_state()) states_[cache_.state_slot(id)] = content;
    cache_.append(id, tokens);
  }

  // Like the engine: reserves room for all sequences, then computes all of them.
  void step(const Operation& operation) {
    std::map<SequenceId, int> plan;
    for (const auto& [id, history] : live_) {
      const int count = std::min(1 + (operation.amount + id) % 3, capacity_.max_tokens - length(id));
      if (reserve(id, count)) plan[id] = count;
    }
    for (const auto& [id, count] : plan) append(id, tokens_of(operation, count));
  }

  void verify() {
    for (const auto& [id, history] : live_) verify(id, history);
    for (int group = 0; group < group_count(); ++group) {
      std::set<BlockId> blocks;
      for (const auto& [id, history] : live_) {
        for (const BlockId block : cache_.table(id, group)) blocks.insert(block);
      }
      blocks.erase(kNoBlock);
      const Usage usage = cache_.usage(group);
      RC_ASSERT(usage.owned == static_cast<int>(blocks.size()));
      RC_ASSERT(usage.free + usage.cached + usage.owned == capacity_.groups[group].blocks);
    }
    if (!has_state()) return;
    const Usage usage = cache_.state_usage();
    RC_ASSERT(usage.owned == static_cast<int>(live_.size()));
    RC_ASSERT(usage.free + usage.cached + usage.owned == capacity_.state_slots);
  }

  void verify(SequenceId id, const Tokens& history) {
    RC_ASSERT(cache_.length(id) == static_cast<int>(history.size()));
    std::vector<Content> contents = {0};
    for (const TokenId token : history) contents.push_back(extend(contents.back(), token));
    for (int group = 0; group < group_count(); ++group) {
      const auto table = cache_.table(id, group);
      const int first = first_visible(capacity_.groups[group].window, length(id));
      for (int position = first; position < length(id); ++position) {
        const BlockId block = table[position / capacity_.block_tokens];
        RC_ASSERT(block != kNoBlock);
        RC_ASSERT(cell(group, block, position) == contents[static_cast<std::size_t>(position) + 1]);
      }
      for (int i = 0; i < first / capacity_.block_tokens; ++i) RC_ASSERT(table[i] == kNoBlock);
      for (std::size_t i = first / capacity_.block_tokens; i < table.size(); ++i) RC_ASSERT(table[i] != kNoBlock);
      seen_.hidden += first >= capacity_.block_tokens;
    }
    if (has_state() && !history.empty()) RC_ASSERT(states_[cache_.state_slot(id)] == contents.back());
  }

  CacheCapacity capacity_;
  Room room_;
  Seen& seen_;
  Cache cache_;
  std::vector<std::vector<Content>> memory_;  // by group: [block, position within it]
  std::vector<Content> states_;
  std::map<SequenceId, Tokens> live_;
  std::vector<Tokens> past_;   // tokens of removed sequences
  std::set<Tokens> computed_;  // every prefix of whole blocks
  std::set<Tokens> kept_;      // prefixes whose state was kept
};

rc::Gen<std::vector<Operation>> operations() {
  const auto one =
      rc::gen::apply([](int kind, int sequence, int amount,
                        std::uint32_t tokens) { return Operation{kind, sequence, amount, tokens}; },
                     rc::gen::inRange(0, 12), rc::gen::inRange(0, 100), rc::gen::inRange(0, 16),
                     rc::gen::weightedOneOf<std::uint32_t>({{3, rc::gen::element<std::uint32_t>(0, 0xffffffff)},
                                                            {1, rc::gen::inRange<std::uint32_t>(0, 0xffffffff)}}));
  return rc::gen::resize(200, rc::gen::container<std::vector<Operation>>(one));
}

CacheCapacity any_capacity(bool plenty) {
  CacheCapacity capacity;
  capacity.block_tokens = *rc::gen::inRange(1, 5);
  capacity.max_tokens = *rc::gen::inRange(10, 40);
  capacity.max_sequences = *rc::gen::inRange(1, 6);
  const int groups = *rc::gen::inRange(0, 4);
  for (int i = 0; i < groups; ++i) {
    capacity.groups.push_back({*rc::gen::inRange(0, 10), plenty ? 4000 : *rc::gen::inRange(4, 24)});
  }
  if (groups == 0 || *rc::gen::inRange(0, 3) == 0) capacity.state_slots = plenty ? 4000 : *rc::gen::inRange(1, 8);
  capacity.known_prefixes = plenty ? 4000 : *rc::gen::element(0, 0, 5, 20);
  return capacity;
}

TEST(CacheModel, EverySequenceReadsItsOwnHistory) {
  Seen seen;
  ASSERT_TRUE(rc::check("random use with little room", [&] {
    World world(any_capacity(false), World::Room::kScarce, seen);
    for (const Operation& operation : *operations()) world.apply(operation);
    world.finish();
  }));
  for (const int times :
       {seen.reused, seen.copied, seen.refused, seen.evicted, seen.hidden, seen.truncated, seen.states_reused}) {
    EXPECT_GT(times, 0) << "not tested at all";
  }
}

TEST(CacheModel, EverythingComputedIsFoundWhileThereIsRoom) {
  Seen seen;
  ASSERT_TRUE(rc::check("random use with plenty of room", [&] {
    World world(any_capacity(true), World::Room::kPlenty, seen);
    for (const Operation& operation : *operations()) world.apply(operation);
    world.finish();
  }));
  EXPECT_GT(seen.reused, 0);
  EXPECT_GT(seen.states_reused, 0);
  EXPECT_EQ(seen.evicted, 0);
}

}  // namespace
}  // namespace rocmforge::kv
