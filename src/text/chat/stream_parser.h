// The base class of reply parsers that are coroutines over the reply's bytes.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "text/chat/byte_stream.h"
#include "text/chat/call_reader.h"
#include "text/chat/reply.h"
#include "text/chat/reply_writer.h"
#include "text/chat/task.h"
#include "text/chat/tool_schemas.h"

namespace rocmforge::text {

class StreamParser : public ReplyParser {
 public:
  StreamParser(const ReplyOptions& options, GeneratedIds ids)
      : schemas_(options.tools), reader_(stream_, writer_, schemas_, ids) {}

  void feed(std::string_view piece, std::vector<ReplyEvent>& events) override {
    writer_.write_to(events);
    if (!reply_) reply_.emplace(run());
    stream_.feed(piece);
    if (reply_->done()) reply_->result();  // rethrows its exception
  }
  void finish(std::vector<ReplyEvent>& events) override {
    feed({}, events);
    stream_.end();
    reply_->result();
  }

 protected:
  // Reads until the end of the reply.
  virtual Task<bool> run() = 0;

  ByteStream& stream() { return stream_; }
  ReplyWriter& writer() { return writer_; }
  const ReplyWriter& writer() const { return writer_; }
  CallReader& reader() { return reader_; }

 private:
  ByteStream stream_;
  ReplyWriter writer_;
  ToolSchemas schemas_;
  CallReader reader_;
  std::optional<Task<bool>> reply_;
};

}  // namespace rocmforge::text
