#include "store/sha256.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "base/error.h"

namespace rocmforge::store {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;

}  // namespace

struct Sha256::Context {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> state{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  if (EVP_DigestInit_ex(context_->state.get(), EVP_sha256(), nullptr) != 1) {
    throw error(ErrorCode::kUnsupported, "this machine's OpenSSL has no SHA-256");
  }
}

Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) {
  RF_CHECK(EVP_DigestUpdate(context_->state.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> sum{};
  RF_CHECK(EVP_DigestFinal_ex(context_->state.get(), sum.data(), nullptr) == 1);
  std::string hexadecimal;
  for (const unsigned char byte : sum) hexadecimal += fmt::format("{:02x}", byte);
  return hexadecimal;
}

std::string sha256_of(std::string_view text) {
  Sha256 sum;
  sum.update(std::as_bytes(std::span(text)));
  return sum.finish();
}

std::string normal_sha256(std::string_view text) {
  std::string sum(text);
  for (char& c : sum) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  return is_sha256(sum) ? sum : "";
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

FollowingSum::FollowingSum(int file) : file_(file), thread_([this] { follow(); }) {}

FollowingSum::~FollowingSum() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void FollowingSum::advance(std::uint64_t end) {
  {
    const std::lock_guard lock(mutex_);
    known_ = std::max(known_, end);
  }
  changed_.notify_all();
}

void FollowingSum::follow() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || known_ > summed_; });
    if (stopping_) return;
    const std::uint64_t end = std::min(known_, summed_ + kReadBytes);
    lock.unlock();
    const bool read = sum_up_to(end);
    const int problem = errno;
    lock.lock();
    if (!read) {
      problem_ = problem == 0 ? EIO : problem;
      stopping_ = true;
      has_failed_ = true;
    }
    changed_.notify_all();
  }
}

bool FollowingSum::sum_up_to(std::uint64_t end) {
  std::vector<std::byte> bytes(end - summed_);
  while (summed_ < end) {
    errno = 0;
    const ssize_t count = pread(file_, bytes.data(), end - summed_, static_cast<off_t>(summed_.load()));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    sum_.update(std::span(bytes).first(static_cast<std::size_t>(count)));
    summed_ += static_cast<std::uint64_t>(count);
  }
  return true;
}

std::string FollowingSum::finish(std::uint64_t size) {
  advance(size);
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || summed_ >= size; });
    if (problem_ != 0) throw system_error("the file just fetched", "read", problem_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  return sum_.finish();
}

}  // namespace rocmforge::store
