#include "text/chat/reply_writer.h"

#include "text/chat/byte_stream.h"

namespace rocmforge::text {
namespace {

std::size_t leading_space(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && is_space(text[length])) ++length;
  return length;
}

std::size_t without_trailing_space(std::string_view text) {
  std::size_t length = text.size();
  while (length > 0 && is_space(text[length - 1])) --length;
  return length;
}

}  // namespace

void ReplyWriter::write_to(std::vector<ReplyEvent>& events) {
  events_ = &events;
  joinable_from_ = events.size();
}

void ReplyWriter::emit(ReplyEvent::Kind kind, std::string_view text) {
  const bool of_call = kind != ReplyEvent::Kind::kText && kind != ReplyEvent::Kind::kReasoning;
  const int call = of_call ? next_call_ - 1 : -1;
  if (events_->size() > joinable_from_ && !text.empty()) {
    ReplyEvent& last = events_->back();
    if (last.kind == kind && last.call == call) {
      last.text += text;
      return;
    }
  }
  events_->push_back({.kind = kind, .call = call, .text = std::string(text), .name = {}, .id = {}});
}

void ReplyWriter::text(std::string_view bytes) {
  const std::size_t visible = without_trailing_space(bytes);
  if (visible == 0) {
    space_ += bytes;
    return;
  }
  if (last_ == Last::kMarker || (last_ == Last::kCall && !any_text_)) {
    space_.clear();
    emit(ReplyEvent::Kind::kText, bytes.substr(0, visible).substr(leading_space(bytes)));
  } else {
    if (!space_.empty()) emit(ReplyEvent::Kind::kText, space_);
    emit(ReplyEvent::Kind::kText, bytes.substr(0, visible));
  }
  space_ = bytes.substr(visible);
  last_ = Last::kText;
  any_text_ = true;
}

void ReplyWriter::reasoning(std::string_view bytes) {
  if (reasoning_empty_) bytes.remove_prefix(leading_space(bytes));
  const std::size_t visible = without_trailing_space(bytes);
  if (visible > 0) {
    if (!space_.empty()) emit(ReplyEvent::Kind::kReasoning, space_);
    emit(ReplyEvent::Kind::kReasoning, bytes.substr(0, visible));
    space_.clear();
    reasoning_empty_ = false;
  }
  space_ += bytes.substr(visible);
}

void ReplyWriter::marker() {
  space_.clear();
  if (last_ == Last::kNothing) last_ = Last::kMarker;
}

void ReplyWriter::reasoning_ended() {
  space_.clear();
  reasoning_empty_ = true;
  last_ = Last::kMarker;
}

void ReplyWriter::line_break() {
  space_ = "\n";
  last_ = Last::kText;
  reasoning_empty_ = false;
}

std::string ReplyWriter::take_space() { return std::exchange(space_, {}); }

void ReplyWriter::begin_call(std::string_view name, std::string_view id) {
  ++next_call_;
  call_open_ = true;
  emit(ReplyEvent::Kind::kCallBegin, {});
  events_->back().name = name;
  events_->back().id = id;
}

void ReplyWriter::arguments(std::string_view piece) {
  if (!piece.empty()) emit(ReplyEvent::Kind::kCallArguments, piece);
}

void ReplyWriter::end_call() {
  emit(ReplyEvent::Kind::kCallEnd, {});
  call_open_ = false;
  last_ = Last::kCall;
}

void ReplyWriter::withdraw(std::string_view record) {
  if (call_open_) emit(ReplyEvent::Kind::kCallWithdrawn, {});
  call_open_ = false;
  text(record);
}

void ReplyWriter::finish() {
  if (!space_.empty() && (last_ == Last::kText || last_ == Last::kNothing)) emit(ReplyEvent::Kind::kText, space_);
  space_.clear();
}

}  // namespace rocmforge::text
