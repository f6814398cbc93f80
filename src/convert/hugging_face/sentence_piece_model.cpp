#include "convert/hugging_face/sentence_piece_model.h"

#include <bit>
#include <cstring>

#include "base/error.h"

namespace rocmforge::convert {
namespace {

constexpr std::size_t kMostPieces = 4u << 20;

// Iterates over the fields of one message.
class Message {
 public:
  Message(std::string_view bytes, std::string_view path) : rest_(bytes), path_(path) {}

  // Advances to the next field. Returns false at the end.
  bool next() {
    if (rest_.empty()) return false;
    const std::uint64_t tag = varint();
    number_ = tag >> 3;
    switch (tag & 7) {
      case 0: value_ = varint(); break;
      case 1: content_ = take(8); break;
      case 2: content_ = take(varint()); break;
      case 5: content_ = take(4); break;
      default: fail("a field of an unknown kind");
    }
    return true;
  }
  std::uint64_t number() const { return number_; }
  std::uint64_t value() const { return value_; }
  std::string_view content() const { return content_; }
  float real() const {
    if (content_.size() != 4) fail("a number of the wrong size");
    float value;
    std::memcpy(&value, content_.data(), sizeof value);
    return value;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw error(ErrorCode::kMalformed, "{}: {}, {} bytes before the end: not a SentencePiece model", path_, what,
                rest_.size());
  }
  std::string_view take(std::uint64_t size) {
    if (size > rest_.size()) fail("a field that is cut off");
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(take(1).front());
      value |= static_cast<std::uint64_t>(byte & 127) << shift;
      if (byte < 128) return value;
    }
    fail("a number that is too long");
  }

  std::string_view rest_;
  std::string_view path_;
  std::uint64_t number_ = 0;
  std::uint64_t value_ = 0;
  std::string_view content_;
};

SentencePieceModel::Piece read_piece(std::string_view bytes, std::string_view path) {
  SentencePieceModel::Piece piece;
  for (Message message(bytes, path); message.next();) {
    if (message.number() == 1) piece.text = message.content();
    if (message.number() == 2) piece.score = message.real();
    if (message.number() == 3)
      piece.type = message.value() >= 1 && message.value() <= 6 ? static_cast<std::int32_t>(message.value()) : 1;
  }
  return piece;
}

}  // namespace

SentencePieceModel parse_sentence_piece_model(std::string_view bytes, std::string_view path) {
  SentencePieceModel model;
  for (Message message(bytes, path); message.next();) {
    if (message.number() == 1) {
      if (model.pieces.size() == kMostPieces)
        throw error(ErrorCode::kTooLarge, "{}: more than {} pieces", path, kMostPieces);
      model.pieces.push_back(read_piece(message.content(), path));
    } else if (message.number() == 2) {
      for (Message trainer(message.content(), path); trainer.next();) {
        if (trainer.number() == 3) model.is_unigram = trainer.value() == 1;
      }
    } else if (message.number() == 3) {
      for (Message normalizer(message.content(), path); normalizer.next();) {
        if (normalizer.number() == 2) model.charsmap = normalizer.content();
        if (normalizer.number() == 3) model.adds_space_prefix = normalizer.value() != 0;
        if (normalizer.number() == 4) model.removes_extra_spaces = normalizer.value() != 0;
      }
    }
  }
  if (model.pieces.empty()) throw error(ErrorCode::kMalformed, "{}: no pieces: not a SentencePiece model", path);
  return model;
}

}  // namespace rocmforge::convert
