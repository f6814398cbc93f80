// Answers conversations given as lines of JSON, with the fields of chat servers.
#include <charconv>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/chat/message_json.h"
#include "cli/chat/talk.h"
#include "cli/json_lines.h"

namespace rocmforge::cli {
namespace {

using nlohmann::ordered_json;

std::string_view finish_of(const Generation& generation) {
  switch (generation.finish) {
    case FinishReason::kLength:
    case FinishReason::kContext: return "length";
    case FinishReason::kCancelled: return "cancelled";
    case FinishReason::kEnd:
    case FinishReason::kStopString: break;
  }
  return generation.tool_calls.empty() ? "stop" : "tool_calls";
}

constexpr float kLargestFloat = std::numeric_limits<float>::max();

struct NumberField {
  std::string_view name;
  std::optional<float> SamplingOptions::* option;
  float least;
  float greatest;
};

constexpr NumberField kNumberFields[] = {
    {"temperature", &SamplingOptions::temperature, 0, 1000},
    {"top_p", &SamplingOptions::top_p, 0, 1},
    {"min_p", &SamplingOptions::min_p, 0, 1},
    {"presence_penalty", &SamplingOptions::presence_penalty, -kLargestFloat, kLargestFloat},
    {"frequency_penalty", &SamplingOptions::frequency_penalty, -kLargestFloat, kLargestFloat},
    {"repetition_penalty", &SamplingOptions::repeat_penalty, 0, 1000},
};

// Reads a text or a list of texts.
std::vector<std::string> stops_of(const ordered_json& stop) {
  if (stop.is_string()) return {stop.get<std::string>()};
  std::vector<std::string> texts;
  if (stop.is_array()) {
    for (const ordered_json& text : stop) {
      if (text.is_string()) texts.push_back(text.get<std::string>());
    }
  }
  if (!stop.is_array() || texts.size() != stop.size()) {
    throw error(ErrorCode::kMalformed, "the field 'stop' is {}, expected a text or a list of texts",
                printable(dump_json(stop), 60));
  }
  return texts;
}

// Reads an object such as {"15043": -1.5}.
void read_biases(const ordered_json& biases, SamplingOptions& sampling) {
  if (!biases.is_object()) throw error(ErrorCode::kMalformed, "the field 'logit_bias' is no object of token ids");
  for (const auto& [name, bias] : biases.items()) {
    std::int32_t token = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), token);
    if (failure != std::errc() || end != name.data() + name.size() || !bias.is_number()) {
      throw error(ErrorCode::kMalformed, "the field 'logit_bias' has '{}': {}, expected a token's id and a number",
                  printable(name, 20), printable(dump_json(bias), 40));
    }
    sampling.logit_bias.emplace_back(token, bias.get<float>());
  }
}

// Refuses fields of chat servers that this command does not support, instead of ignoring them.
void refuse_unsupported(const ordered_json& line) {
  const auto refuse = [&](std::string_view name, auto is_usual) {
    const ordered_json* const found = find_field(line, name);
    if (found == nullptr || is_usual(*found)) return;
    throw error(ErrorCode::kUnsupported, "the field '{}' is {}, which is not supported here", name,
                printable(dump_json(*found), 60));
  };
  refuse("response_format", [](const ordered_json& value) {
    return value.is_object() && value.contains("type") && value["type"] == "text";
  });
  refuse("tool_choice", [](const ordered_json& value) { return value == "auto" || value == "none"; });
  refuse("n", [](const ordered_json& value) { return value == 1; });
  refuse("stream", [](const ordered_json& value) { return value == false; });
  refuse("logprobs", [](const ordered_json& value) { return value == false; });
  for (const std::string_view name : {"top_logprobs", "functions", "function_call", "audio", "prediction"}) {
    refuse(name, [](const ordered_json&) { return false; });
  }
}

// Returns the command's options with the line's own settings on top.
ChatOptions options_of_line(const ordered_json& line, ChatOptions options) {
  refuse_unsupported(line);
  const bool wants_tools = !line.contains("tool_choice") || line["tool_choice"] != "none";
  const auto tools = line.find("tools");
  if (tools != line.end() && wants_tools) options.tools = tools_from_json(*tools, "the tools");
  if (find_field(line, "thinking") != nullptr) options.thinking = bool_field(line, "thinking", false);
  for (const std::string_view name : {"max_tokens", "max_completion_tokens"}) {
    const auto most = optional_integer_field(line, name, 1, std::numeric_limits<int>::max());
    if (most) options.max_tokens = static_cast<int>(*most);
  }
  if (const ordered_json* const stop = find_field(line, "stop")) options.stop = stops_of(*stop);
  for (const NumberField& field : kNumberFields) {
    const auto number =
        optional_number_field(line, field.name, static_cast<double>(field.least), static_cast<double>(field.greatest));
    if (number) options.sampling.*field.option = static_cast<float>(*number);
  }
  if (const auto count = optional_integer_field(line, "top_k", 0, 1 << 30))
    options.sampling.top_k = static_cast<int>(*count);
  if (const auto seed = optional_integer_field(line, "seed", 0, std::numeric_limits<std::int64_t>::max())) {
    options.sampling.seed = static_cast<std::uint64_t>(*seed);
  }
  if (const ordered_json* const biases = find_field(line, "logit_bias")) read_biases(*biases, options.sampling);
  return options;
}

ordered_json reply_to(Model& model, const ordered_json& line, const TalkOptions& usual) {
  if (!line.is_object() || !line.contains("messages")) {
    throw error(ErrorCode::kMalformed, "expected an object with the field 'messages'");
  }
  std::vector<Message> messages = messages_from_json(line["messages"], "the conversation");
  const bool has_system = !messages.empty() && messages.front().role == Role::kSystem;
  if (!usual.system.empty() && !has_system) messages.insert(messages.begin(), {Role::kSystem, usual.system});
  const Generation generation = model.chat(messages, options_of_line(line, usual.generation));
  ordered_json reply = to_json(Message{.role = Role::kAssistant,
                                       .content = generation.text,
                                       .reasoning = generation.reasoning,
                                       .tool_calls = generation.tool_calls});
  reply["finish_reason"] = finish_of(generation);
  reply["usage"] = {{"prompt_tokens", generation.statistics.prompt_tokens},
                    {"completion_tokens", generation.statistics.new_tokens}};
  return reply;
}

}  // namespace

void answer_lines(Model& model, const TalkOptions& options) {
  const AnsweredLines count =
      answer_json_lines([&](const ordered_json& line) { return reply_to(model, line, options); });
  if (count.lines == 0 || count.failed < count.lines) return;
  throw error(ErrorCode::kMalformed, "none of the {} line{} could be answered", count.lines,
              count.lines == 1 ? "" : "s");
}

}  // namespace rocmforge::cli
