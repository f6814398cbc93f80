// Gives a parser's coroutines the bytes of a reply one by one, waiting until the next byte arrives.
#pragma once

#include <coroutine>
#include <string>
#include <string_view>
#include <utility>

namespace rocmforge::text {

constexpr bool is_space(int byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }

constexpr std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

class ByteStream {
 public:
  static constexpr int kEnd = -1;

  struct Peek {
    ByteStream& stream;
    bool await_ready() const { return stream.at_ < stream.piece_.size() || stream.ended_; }
    void await_suspend(std::coroutine_handle<> reader) const { stream.reader_ = reader; }
    int await_resume() const {
      return stream.at_ < stream.piece_.size() ? static_cast<unsigned char>(stream.piece_[stream.at_]) : kEnd;
    }
  };

  // `co_await stream.peek()` returns the next byte without consuming it, or kEnd.
  Peek peek() { return Peek{*this}; }

  void take() {
    if (recording_) record_ += piece_[at_];
    ++at_;
  }

  // Starts recording the consumed bytes, after `before`, until stop_recording() returns them.
  void record(std::string before) {
    record_ = std::move(before);
    recording_ = true;
  }
  std::string stop_recording() {
    recording_ = false;
    return std::exchange(record_, {});
  }

  // For the owner of the stream: resumes the waiting reader, which runs until it has consumed the whole piece. An empty
  // piece does not resume it, because that would look like the end.
  void feed(std::string_view piece) {
    if (piece.empty()) return;
    piece_ = piece;
    at_ = 0;
    resume();
  }
  void end() {
    ended_ = true;
    resume();
  }
  // The number of bytes of the piece that have been consumed.
  std::size_t taken() const { return at_; }

 private:
  void resume() {
    if (reader_) std::exchange(reader_, nullptr).resume();
  }

  std::string_view piece_;
  std::size_t at_ = 0;
  bool ended_ = false;
  bool recording_ = false;
  std::string record_;
  std::coroutine_handle<> reader_;
};

}  // namespace rocmforge::text
