// What the readers of the calls' syntaxes have in common: the pieces that calls are made of, and where calls go.
//
// A reader is a coroutine that is true when what it read is well-formed. Where it is false, its caller withdraws the
// call and gives back the bytes as text; the byte that does not fit has not been taken.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/chat/byte_stream.h"
#include "text/chat/json_scanner.h"
#include "text/chat/reply_writer.h"
#include "text/chat/task.h"
#include "text/chat/tool_schemas.h"

namespace rocmforge::text {

enum class GeneratedIds {
  kNumbered,        // call_0
  kNineCharacters,  // call00000
};

class CallReader {
 public:
  static constexpr int kEnd = ByteStream::kEnd;
  static constexpr std::size_t kNameLimit = 256;

  CallReader(ByteStream& stream, ReplyWriter& writer, const ToolSchemas& tools, GeneratedIds ids)
      : stream_(stream), writer_(writer), tools_(tools), ids_(ids) {}

  ByteStream::Peek peek() { return stream_.peek(); }
  void take() { stream_.take(); }
  ByteStream& stream() { return stream_; }
  const ToolSchemas& tools() const { return tools_; }

  // The next byte that is no white space; it stays.
  Task<int> next_visible();
  Task<bool> literal(std::string_view text);
  // Which of two texts comes, 0 or 1; -1 where neither does. Neither begins the other.
  Task<int> either(std::string_view a, std::string_view b);
  // White space and the text; if generation ends before it is complete, that will do.
  Task<bool> closing(std::string_view text);
  // What stands before the text, which is taken too; none where it does not come within kNameLimit bytes.
  Task<std::optional<std::string>> until(std::string_view text);
  // A name as tools and parameters have them, up to the byte that cannot be part of one.
  Task<std::optional<std::string>> name();
  // A JSON string's value.
  Task<std::optional<std::string>> json_string();

  // Appends one JSON value to `held`, or makes it the next piece of the call's arguments.
  Task<bool> json_value(std::string& held);
  Task<bool> json_arguments();
  // Reads past a JSON value.
  Task<bool> skip_json();

  // An empty id: one is made.
  void begin_call(std::string_view name, std::string_view id = {});
  void arguments(std::string_view piece) { writer_.arguments(piece); }
  // What was read for the call is done with: what breaks afterwards is text by itself.
  void end_call();
  // What was read since the last call is done with as well, though it was none.
  void settle();
  void whole_call(std::string_view name, std::string_view id, std::string_view json);

 private:
  Task<bool> json(JsonScanner::Step& last, std::string* held);

  ByteStream& stream_;
  ReplyWriter& writer_;
  const ToolSchemas& tools_;
  GeneratedIds ids_;
};

// One call where the form has no section. Otherwise the section's calls up to its end, each begun by form.call; its own
// beginning has been taken, and generation may end after a call. read_call(reader, form) reads a call from behind its
// beginning.
template <typename Form, typename ReadCall>
Task<bool> read_calls(CallReader& reader, const Form& form, ReadCall read_call) {
  if (form.section.empty()) {
    const bool read = co_await read_call(reader, form);
    co_return read;
  }
  for (bool first = true;; first = false) {
    const int next = co_await reader.next_visible();
    if (next == CallReader::kEnd) co_return !first;
    const int found = co_await reader.either(form.call, form.section_end);
    if (found == 1) co_return !first;
    if (found < 0) co_return false;
    const bool read = co_await read_call(reader, form);
    if (!read) co_return false;
  }
}

}  // namespace rocmforge::text
