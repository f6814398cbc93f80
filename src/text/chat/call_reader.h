// The common part of the readers of tool calls: it reads the elements that calls consist of and writes the calls out.
//
// A reader is a coroutine that returns true if what it read is well-formed. If it returns false, its caller withdraws
// the call and emits the bytes as text; the byte that does not fit has not been consumed.
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

  // Skips white space and returns the next byte without consuming it.
  Task<int> next_visible();
  Task<bool> literal(std::string_view text);
  // Reads one of two texts and returns which one, 0 or 1; -1 if neither follows. Requires: neither is a prefix of the
  // other.
  Task<int> either(std::string_view a, std::string_view b);
  // Reads white space and the text. Also succeeds if generation ends before the text is complete.
  Task<bool> closing(std::string_view text);
  // Reads up to and including the text, and returns what precedes it; nothing if the text does not follow within
  // kNameLimit bytes.
  Task<std::optional<std::string>> until(std::string_view text);
  // Reads a name of a tool or parameter, up to the first byte that cannot be part of one.
  Task<std::optional<std::string>> name();
  // Reads a JSON string and returns its value.
  Task<std::optional<std::string>> json_string();

  // json_value appends one JSON value to `held`; json_arguments writes it as the next piece of the call's arguments.
  Task<bool> json_value(std::string& held);
  Task<bool> json_arguments();
  // Skips one JSON value.
  Task<bool> skip_json();

  // Begins a call. If the id is empty, one is generated.
  void begin_call(std::string_view name, std::string_view id = {});
  void arguments(std::string_view piece) { writer_.arguments(piece); }
  // Ends the call: an error after it no longer withdraws it, and only the bytes from here on become text.
  void end_call();
  // Discards what was recorded since the last call, even though it was not a call.
  void settle();

 private:
  Task<bool> json(JsonScanner::Step& last, std::string* held);

  ByteStream& stream_;
  ReplyWriter& writer_;
  const ToolSchemas& tools_;
  GeneratedIds ids_;
};

// Reads one call if the form has no section. Otherwise reads the section's calls up to its end; each begins with
// form.call, and generation may also end after a call. Requires: the beginning of the call or section has been
// consumed. read_call(reader, form) reads one call after its beginning.
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
