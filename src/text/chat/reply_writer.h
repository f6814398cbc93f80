// Turns what a parser reads into events: joins neighbours, and trims white space as reply.h promises.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/chat/reply.h"

namespace rocmforge::text {

class ReplyWriter {
 public:
  // Where the events of the next calls go.
  void write_to(std::vector<ReplyEvent>& events);

  void text(std::string_view bytes);
  void reasoning(std::string_view bytes);

  // White space at the reply's beginning is dropped, as after a marker.
  void trim_beginning() { last_ = Last::kMarker; }

  // A marker came, which swallows the white space around it.
  void marker();
  void reasoning_ended();
  // What comes next begins on a line of its own, after text or reasoning that came before.
  void line_break();

  // The white space before a marker of a call, which is text again if there is no call.
  std::string take_space();

  // Nothing but white space since the reply began, or since a marker.
  bool at_start() const { return last_ != Last::kText; }
  // Nothing at all.
  bool untouched() const { return last_ == Last::kNothing && space_.empty(); }
  bool reasoning_empty() const { return reasoning_empty_; }

  void begin_call(std::string_view name, std::string_view id);
  void arguments(std::string_view piece);
  void end_call();
  bool call_open() const { return call_open_; }
  int next_call() const { return next_call_; }

  // `record`: all that was read for the call.
  void withdraw(std::string_view record);

  void finish();

 private:
  enum class Last { kNothing, kMarker, kCall, kText };

  void emit(ReplyEvent::Kind kind, std::string_view text);

  std::vector<ReplyEvent>* events_ = nullptr;
  std::size_t joinable_from_ = 0;  // events before this one are the caller's
  Last last_ = Last::kNothing;
  bool any_text_ = false;
  bool reasoning_empty_ = true;
  bool call_open_ = false;
  int next_call_ = 0;
  std::string space_;  // white space that a marker may yet swallow
};

}  // namespace rocmforge::text
