// Turns what a parser reads into events: joins adjacent ones and trims white space as reply.h specifies.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/chat/reply.h"

namespace rocmforge::text {

class ReplyWriter {
 public:
  // Sets where the following events are appended.
  void write_to(std::vector<ReplyEvent>& events);

  void text(std::string_view bytes);
  void reasoning(std::string_view bytes);

  // Drops white space at the reply's beginning, as after a marker.
  void trim_beginning() { last_ = Last::kMarker; }

  // Notes a marker, which absorbs the white space around it.
  void marker();
  void reasoning_ended();
  // Makes what follows begin on a new line if text or reasoning precedes it.
  void line_break();

  // Returns and removes the white space before a call's marker; it becomes text again if the call is withdrawn.
  std::string take_space();

  // Returns whether there was only white space since the reply began or since a marker.
  bool at_start() const { return last_ != Last::kText; }
  // Returns whether nothing has been written at all.
  bool untouched() const { return last_ == Last::kNothing && space_.empty(); }
  bool reasoning_empty() const { return reasoning_empty_; }

  void begin_call(std::string_view name, std::string_view id);
  void arguments(std::string_view piece);
  void end_call();
  bool call_open() const { return call_open_; }
  int next_call() const { return next_call_; }

  // Withdraws the current call. `record`: everything that was read for the call, which becomes text.
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
  std::string space_;  // white space that a following marker would absorb
};

}  // namespace rocmforge::text
