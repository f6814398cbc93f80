// Parses replies in which markers enclose reasoning and calls, and everything else is text.
#include <utility>

#include "text/chat/marker_scanner.h"
#include "text/chat/reply_spec.h"
#include "text/chat/stream_parser.h"

namespace rocmforge::text {
namespace {

class MarkedReply : public StreamParser {
 public:
  MarkedReply(ReplySpec spec, const ReplyOptions& options)
      : StreamParser(options, spec.ids),
        spec_(std::move(spec)),
        reasoning_open_(options.reasoning_open),
        parse_reasoning_(options.parse_reasoning) {
    if (!options.parse_tools) spec_.calls.clear();
    add_markers();
  }

 private:
  enum class Meaning { kReasoning, kReasoningEnd, kAnswer, kAnswerEnd, kSilent, kCall };
  struct Marker {
    std::string_view text;
    Meaning meaning;
    std::size_t index;  // index in the specification's list
  };

  void add_markers();
  bool counts(const Marker& marker) const;
  Task<bool> run() override;
  Task<const Marker*> text_until_marker();
  Task<bool> read_reasoning(const ReasoningMarkers& markers);
  Task<bool> read_call(const CallMarker& call, std::string_view marker);
  void reasoning(std::string_view text);

  ReplySpec spec_;
  bool reasoning_open_;
  bool parse_reasoning_;
  std::vector<Marker> markers_;
  std::vector<bool> answer_open_;
};

void MarkedReply::add_markers() {
  const auto add = [&](std::string_view text, Meaning meaning, std::size_t index) {
    if (!text.empty()) markers_.push_back({text, meaning, index});
  };
  for (std::size_t i = 0; i < spec_.calls.size(); ++i) add(spec_.calls[i].marker, Meaning::kCall, i);
  for (std::size_t i = 0; i < spec_.reasoning.size(); ++i) {
    add(spec_.reasoning[i].begin, Meaning::kReasoning, i);
    add(spec_.reasoning[i].end, Meaning::kReasoningEnd, i);
  }
  for (std::size_t i = 0; i < spec_.answers.size(); ++i) {
    add(spec_.answers[i].begin, Meaning::kAnswer, i);
    add(spec_.answers[i].end, Meaning::kAnswerEnd, i);
  }
  for (std::size_t i = 0; i < spec_.silent.size(); ++i) add(spec_.silent[i], Meaning::kSilent, i);
  answer_open_.resize(spec_.answers.size());
}

bool MarkedReply::counts(const Marker& marker) const {
  const bool at_start = writer().at_start();
  switch (marker.meaning) {
    case Meaning::kReasoning: return at_start || spec_.reasoning[marker.index].anywhere;
    // The prompt may have opened the reasoning without saying so.
    case Meaning::kReasoningEnd: return at_start && parse_reasoning_;
    case Meaning::kAnswer: return at_start;
    case Meaning::kAnswerEnd: return answer_open_[marker.index];
    case Meaning::kSilent: return true;
    case Meaning::kCall: return at_start || !spec_.calls[marker.index].at_start;
  }
  return false;
}

Task<bool> MarkedReply::run() {
  if (!spec_.reasoning.empty()) writer().trim_beginning();
  if (reasoning_open_ && !spec_.reasoning.empty()) co_await read_reasoning(spec_.reasoning.front());
  if (spec_.begins_in_call && !spec_.calls.empty()) co_await read_call(spec_.calls.front(), {});
  for (;;) {
    const Marker* marker = co_await text_until_marker();
    if (marker == nullptr) break;
    if (marker->meaning == Meaning::kCall) {
      co_await read_call(spec_.calls[marker->index], marker->text);
    } else if (marker->meaning == Meaning::kReasoning) {
      writer().marker();
      if (!parse_reasoning_) reasoning(marker->text);
      co_await read_reasoning(spec_.reasoning[marker->index]);
    } else {
      writer().marker();
      if (marker->meaning == Meaning::kAnswer) answer_open_[marker->index] = true;
      if (marker->meaning == Meaning::kAnswerEnd) answer_open_[marker->index] = false;
    }
  }
  writer().finish();
  co_return true;
}

// Reads text up to the next marker. Returns nullptr at the end of the reply.
Task<const MarkedReply::Marker*> MarkedReply::text_until_marker() {
  std::vector<std::string_view> texts;
  for (const Marker& marker : markers_) texts.push_back(marker.text);
  MarkerScanner scanner(std::move(texts));
  std::string text;
  for (;;) {
    const int byte = co_await stream().peek();
    if (byte == ByteStream::kEnd) break;
    stream().take();
    const int found = scanner.step(static_cast<char>(byte), text,
                                   [this](int number) { return counts(markers_[static_cast<std::size_t>(number)]); });
    if (!text.empty()) writer().text(text);
    text.clear();
    if (found != MarkerScanner::kNone) co_return &markers_[static_cast<std::size_t>(found)];
  }
  writer().text(scanner.take_held());
  co_return nullptr;
}

void MarkedReply::reasoning(std::string_view text) {
  if (parse_reasoning_) {
    writer().reasoning(text);
  } else {
    writer().text(text);
  }
}

// Reads reasoning after its opening marker, up to its end marker, a call or the end of the reply.
Task<bool> MarkedReply::read_reasoning(const ReasoningMarkers& markers) {
  std::vector<std::string_view> ends{markers.end};
  if (parse_reasoning_ && !markers.begin.empty()) ends.push_back(markers.begin);
  const std::size_t first_call = ends.size();
  if (markers.calls_end_it) {
    for (const CallMarker& call : spec_.calls) ends.push_back(call.marker);
  }
  MarkerScanner scanner(std::move(ends));
  // The model may repeat an opening marker that the prompt already contains.
  const auto enabled = [&](int number) {
    return number == 0 || static_cast<std::size_t>(number) >= first_call || writer().reasoning_empty();
  };
  std::string text;
  for (;;) {
    const int byte = co_await stream().peek();
    if (byte == ByteStream::kEnd) break;
    stream().take();
    const int found = scanner.step(static_cast<char>(byte), text, enabled);
    if (!text.empty()) reasoning(text);
    text.clear();
    if (found == MarkerScanner::kNone) continue;
    const auto number = static_cast<std::size_t>(found);
    if (number > 0 && number < first_call) continue;
    if (number == 0 && !parse_reasoning_) reasoning(markers.end);
    if (parse_reasoning_) writer().reasoning_ended();
    if (number >= first_call) {
      const CallMarker& call = spec_.calls[number - first_call];
      co_await read_call(call, call.marker);
    }
    co_return true;
  }
  reasoning(scanner.take_held());
  if (parse_reasoning_) writer().reasoning_ended();
  co_return true;
}

// Reads a call after its marker.
Task<bool> MarkedReply::read_call(const CallMarker& call, std::string_view marker) {
  stream().record(writer().take_space() + std::string(marker));
  const bool well_formed = co_await call.read(reader());
  const std::string record = stream().stop_recording();
  if (!well_formed) writer().withdraw(record);
  co_return well_formed;
}

}  // namespace

std::unique_ptr<ReplyParser> marked_reply_parser(ReplySpec spec, const ReplyOptions& options) {
  return std::make_unique<MarkedReply>(std::move(spec), options);
}

}  // namespace rocmforge::text
