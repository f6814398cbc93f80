#include "sample/candidates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "sample/weights.h"

namespace rocmforge::sample {
namespace {

// With fewer candidates than this, reading all of them is faster than selecting blocks.
constexpr int kFew = 1024;

// Copies a block of logits and returns the largest. Two loops, because compilers vectorize these but not a single one.
float take_block(const float* from, float* to) {
  for (int i = 0; i < kLogitBlock; ++i) to[i] = sound_logit(from[i]);
  return largest_in_block(to);
}

}  // namespace

Candidates::Candidates(int vocabulary) {
  const std::size_t block_count = (static_cast<std::size_t>(vocabulary) + kLogitBlock - 1) / kLogitBlock;
  const std::size_t padded = block_count * kLogitBlock;
  logits_ = std::make_unique_for_overwrite<float[]>(padded);
  tokens_ = std::make_unique_for_overwrite<TokenId[]>(padded);
  weights_ = std::make_unique_for_overwrite<float[]>(padded);
  masses_ = std::make_unique_for_overwrite<Mass[]>(block_count);
  maxima_ = std::make_unique_for_overwrite<float[]>(block_count);
  is_stale_ = std::make_unique<std::uint8_t[]>(block_count);
  maxima_scratch_ = std::make_unique_for_overwrite<float[]>(block_count);
  ranked_ = std::make_unique_for_overwrite<Ranked[]>(padded);
  selection_.positions = std::make_unique_for_overwrite<int[]>(padded);
  size_ = vocabulary;
}

std::uint64_t Candidates::bytes(int vocabulary) {
  const std::uint64_t block_count = (static_cast<std::uint64_t>(vocabulary) + kLogitBlock - 1) / kLogitBlock;
  constexpr std::uint64_t kPerToken = 2 * sizeof(float) + sizeof(TokenId) + sizeof(Ranked) + sizeof(int);
  constexpr std::uint64_t kPerBlock = sizeof(Mass) + 2 * sizeof(float) + sizeof(std::uint8_t);
  return block_count * (kLogitBlock * kPerToken + kPerBlock);
}

void Candidates::assign(std::span<const float> logits) {
  whole_ = true;
  const int full_blocks = static_cast<int>(logits.size()) / kLogitBlock;
  for (int block = 0; block < full_blocks; ++block) {
    maxima_[block] = take_block(&logits[block * kLogitBlock], &logits_[block * kLogitBlock]);
  }
  size_ = static_cast<int>(logits.size());
  if (full_blocks < blocks()) {
    std::array<float, kLogitBlock> last;
    last.fill(kImpossible);
    std::copy(logits.begin() + full_blocks * kLogitBlock, logits.end(), last.begin());
    maxima_[full_blocks] = take_block(last.data(), &logits_[full_blocks * kLogitBlock]);
  }
}

float Candidates::largest_logit() {
  refresh_maxima();
  return largest_of({maxima_.get(), static_cast<std::size_t>(blocks())});
}

void Candidates::forbid(TokenId token) {
  if (const int position = find(token); position >= 0) set(position, kImpossible);
}

std::span<const Ranked> Candidates::likeliest(int count) {
  count = std::min(count, size_);
  const float floor = floor_of_likeliest(count);
  int found = 0;
  for (int block = 0; block < blocks(); ++block) {
    if (!(maxima_[block] >= floor)) continue;
    const int end = std::min(size_, (block + 1) * kLogitBlock);
    for (int i = block * kLogitBlock; i < end; ++i) {
      ranked_[found] = {logits_[i], i};
      found += logits_[i] >= floor ? 1 : 0;
    }
  }
  Ranked* const begin = ranked_.get();
  if (count < found) std::nth_element(begin, begin + count, begin + found, precedes);
  std::sort(begin, begin + count, precedes);
  return {begin, static_cast<std::size_t>(count)};
}

// Returns a logit that at least `count` candidates reach, and few more: the count-th largest maximum of a block.
float Candidates::floor_of_likeliest(int count) {
  refresh_maxima();
  if (size_ <= kFew || count > blocks() / 2 || count == 0) return kImpossible;
  float* const begin = maxima_scratch_.get();
  float* const end = std::copy_n(maxima_.get(), blocks(), begin);
  std::nth_element(begin, begin + count - 1, end, std::greater());
  return begin[count - 1];
}

Ranked Candidates::at_rank(int count) {
  count = std::min(count, size_);
  if (size_ <= kFew || count <= blocks() / 2) return likeliest(count).back();
  const Cut last = cut_by_logit([](int) { return Mass{1}; }, static_cast<Mass>(count));
  return {logits_[last.position], last.position};
}

void Candidates::keep_likeliest(int count) {
  if (count < size_) keep_through(at_rank(count));
}

void Candidates::keep_through(const Ranked& last) {
  compact(last.logit, [&](const Ranked& candidate) {
    return (candidate.logit > last.logit) | ((candidate.logit == last.logit) & (candidate.position <= last.position));
  });
}

void Candidates::keep_from(float logit) {
  compact(logit, [&](const Ranked& candidate) { return candidate.logit >= logit; });
}

void Candidates::weigh() {
  total_ = 0;
  weighed_from_ = largest_logit();
  if (weighed_from_ == kImpossible) return;
  for (int block = 0; block < blocks(); ++block) {
    const Mass sum = weigh_block(&logits_[block * kLogitBlock], weighed_from_, &weights_[block * kLogitBlock]);
    masses_[block] = sum;
    total_ += sum;
  }
}

int Candidates::position_at(Mass mass) const {
  int block = 0;
  while (mass >= masses_[block]) mass -= masses_[block++];
  int position = block * kLogitBlock;
  while (mass >= this->mass(position)) mass -= this->mass(position++);
  return position;
}

double Candidates::mean_distance() const {
  std::array<double, kLanes> sums = {};
  for (int i = 0; i < blocks() * kLogitBlock; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      // The weight rounded as in mass_of_weight(), which may round it to 0.
      const double mass = (static_cast<double>(weights_[i + lane]) + kMassRounding) - kMassRounding;
      sums[lane] += mass * static_cast<double>(distance(i + lane));
    }
  }
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum / (static_cast<double>(total_) / static_cast<double>(kWholeMass));
}

double Candidates::standard_deviation() {
  // Uses differences to the largest logit, to avoid cancellation in the final subtraction.
  const auto largest = static_cast<double>(largest_logit());
  std::array<double, kLanes> sums = {};
  std::array<double, kLanes> squares = {};
  std::array<double, kLanes> counts = {};
  for (int i = 0; i < blocks() * kLogitBlock; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const float logit = logits_[i + lane];
      const bool possible = logit > kImpossible;
      const double distance = possible ? largest - static_cast<double>(logit) : 0;
      sums[lane] += distance;
      squares[lane] += distance * distance;
      counts[lane] += possible ? 1 : 0;
    }
  }
  double sum = 0;
  double square = 0;
  double count = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    sum += sums[lane];
    square += squares[lane];
    count += counts[lane];
  }
  const double mean = sum / count;
  return std::sqrt(std::max(0.0, square / count - mean * mean));
}

int Candidates::find(TokenId token) const {
  if (whole_) return token >= 0 && token < size_ ? token : -1;
  const TokenId* const end = tokens_.get() + size_;
  const TokenId* const found = std::lower_bound(static_cast<const TokenId*>(tokens_.get()), end, token);
  return found != end && *found == token ? static_cast<int>(found - tokens_.get()) : -1;
}

void Candidates::set(int position, float logit) {
  const int block = position / kLogitBlock;
  if (logit >= maxima_[block]) {
    maxima_[block] = logit;
  } else if (logits_[position] == maxima_[block]) {
    is_stale_[block] = 1;
    stale_ = true;
  }
  logits_[position] = logit;
}

void Candidates::refresh_maximum(int block) {
  maxima_[block] = largest_in_block(&logits_[block * kLogitBlock]);
  is_stale_[block] = 0;
}

void Candidates::refresh_maxima() {
  if (!stale_) return;
  for (int block = 0; block < blocks(); ++block) {
    if (is_stale_[block] != 0) refresh_maximum(block);
  }
  stale_ = false;
}

void Candidates::finish_compaction(int kept) {
  size_ = kept;
  whole_ = false;
  std::fill(&logits_[kept], &logits_[0] + blocks() * kLogitBlock, kImpossible);
  for (int block = 0; block < blocks(); ++block) maxima_[block] = largest_in_block(&logits_[block * kLogitBlock]);
}

}  // namespace rocmforge::sample
