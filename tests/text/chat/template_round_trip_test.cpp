// Tests that what a published chat template writes for a turn with calls is parsed by the form that belongs to it, with
// generated arguments.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "support/reference_data.h"
#include "text/chat/reply_testing.h"
#include "text/jinja/from_json.h"
#include "text/jinja/template.h"

namespace rocmforge {
namespace {

using Json = nlohmann::ordered_json;
using testing::Kind;
using text::ReplyEvent;

constexpr unsigned kTurnsPerTemplate = 200;

// How a template's turns differ from what most write.
struct Manner {
  bool single = false;            // one call per turn
  bool text_arguments = false;    // wants the arguments as text
  bool null_content = false;      // writes calls only if there is no content
  bool no_content = false;        // writes calls only if the content is empty
  bool plain_strings = false;     // does not escape quotes
  bool two_calls = false;         // closes the calls after the second
  bool leaves_out_empty = false;  // [] and {} look like "" if the schema does not say
};

const std::map<std::string, Manner> kManners{
    {"GigaChat3.1-10B-A1.8B", {.single = true}},
    {"LFM2.5-8B-A1B", {.plain_strings = true}},
    {"MiniMax-M3", {.leaves_out_empty = true}},
    {"deepseek-ai-DeepSeek-R1-Distill-Llama-8B", {.text_arguments = true, .null_content = true, .two_calls = true}},
    {"llama-cpp-deepseek-r1", {.no_content = true}},
    {"meetkai-functionary-medium-v3.2", {.text_arguments = true}},
    {"meta-llama-Llama-3.1-8B-Instruct", {.single = true}},
    {"meta-llama-Llama-3.2-3B-Instruct", {.single = true}},
    {"openai-gpt-oss-120b", {.single = true}},
};

// These templates explain tools to the model, or not even that, but do not write calls of earlier turns.
const std::set<std::string> kWithoutCalls{"HuggingFaceTB-SmolLM3-3B",
                                          "LFM2-8B-A1B",
                                          "LFM2.5-Instruct",
                                          "google-gemma-2-2b-it",
                                          "llama-cpp-rwkv-world",
                                          "microsoft-Phi-3.5-mini-instruct",
                                          "ibm-granite-granite-3.3-2B-Instruct"};

// Texts with which a prompt may open a reply and which the turn then writes or omits; the longest match counts.
const std::vector<std::string> kOpenings{
    "",
    "<think>\n",
    "<think>",
    "</think>",
    "<think></think>",
    "<think>\n\n</think>\n\n",
    "<think>\n\n</think>\n",
    "<think>\n</think>",
    "\n<think></think>",
    " <think>\n",
    "<|channel>thought\n<channel|>",
    "<|START_THINKING|><|END_THINKING|>",
    "<|START_THINKING|>",
    "Here are my reasoning steps:\n",
    "<think:opensource>",
    "<think:opensource></think:opensource>",
    "<mm:think>",
    "</mm:think>",
    "<|think|><|end|><|begin|>assistant",
};

const std::vector<std::string> kEndsOfTurn{"<|im_end|>",
                                           "<|eot_id|>",
                                           "<|eom_id|>",
                                           "<|end_of_text|>",
                                           "<|END_OF_TURN_TOKEN|>",
                                           "<turn|>",
                                           "<|tool_response>",
                                           "[e~[",
                                           "<|message_sep|>",
                                           "<seed:eos>",
                                           "\n\n<sep>",
                                           "<SPECIAL_12>",
                                           "<|assistant_end|>",
                                           "\n<|end|>\n",
                                           "</assistant>",
                                           "<｜end▁of▁sentence｜>",
                                           "<｜hy_eos:opensource｜>",
                                           "<|START_OF_TURN_TOKEN|>",
                                           "</s>"};

class TurnMaker {
 public:
  TurnMaker(const Manner& manner, unsigned seed) : manner_(manner), random_(seed) {}

  static Json tools() {
    return parse_ordered_json(R"([
      {"name": "get_weather", "description": "A tool.", "parameters": {"type": "object", "properties": {
        "city": {"type": "string", "description": "d"}, "days": {"type": "integer", "description": "d"},
        "exact": {"type": "boolean", "description": "d"}, "ratio": {"type": "number", "description": "d"}},
        "required": ["city"]}},
      {"name": "search_files", "description": "A tool.", "parameters": {"type": "object", "properties": {
        "query": {"type": "string", "description": "d"},
        "filter": {"type": "object", "description": "d", "properties": {}, "additionalProperties": {}},
        "paths": {"type": "array", "description": "d", "items": {"type": "string"}}}, "required": ["query"]}},
      {"name": "ping", "description": "A tool.", "parameters": {"type": "object", "properties": {}}}])",
                              "tools");
  }

  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }

  // {"name": ..., "arguments": {...}}
  Json call() {
    const int tool = below(3);
    Json arguments = Json::object();
    if (tool == 0) {
      arguments["city"] = string();
      if (below(2) == 0) arguments["days"] = below(500) - 5;
      if (below(2) == 0) arguments["exact"] = below(2) == 0;
      if (below(2) == 0) arguments["ratio"] = (below(100) - 50) / 4.0 + 0.125;
      return {{"name", "get_weather"}, {"arguments", arguments}};
    }
    if (tool == 1) {
      arguments["query"] = string();
      if (below(2) == 0) {
        arguments["filter"] = Json::object();
        for (int i = 1 + below(3); i > 0; --i) arguments["filter"]["k" + std::to_string(i)] = value(1);
      }
      if (below(2) == 0) {
        arguments["paths"] = Json::array();
        for (int i = below(4); i > 0; --i) arguments["paths"].push_back(string());
      }
      return {{"name", "search_files"}, {"arguments", arguments}};
    }
    return {{"name", "ping"}, {"arguments", arguments}};
  }

 private:
  std::string string() {
    static const std::vector<std::string> pieces{"a",  "Zürich", "日本", "😀", "x=1",   "&",   "null", "5", "é",
                                                 "\"", "'",      "\\",   "{",  "}",     "[",   "]",    "<", ">",
                                                 "\n", "</b>",   "\t",   "|",  "<|x|>", "```", ",",    ":", " "};
    std::string text;
    for (int i = below(8); i > 0; --i) {
      text += pieces[static_cast<std::size_t>(below(manner_.plain_strings ? 9 : static_cast<int>(pieces.size())))];
    }
    // Forms with values on lines of their own do not say whether the outermost newlines belong to them.
    while (text.starts_with('\n')) text.erase(0, 1);
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }

  // Without a schema, a string must not look like another value.
  Json value(int depth) {
    switch (below(depth < 4 ? 6 : 4)) {
      case 0: return "s" + string();
      case 1: return below(100000) - 1000;
      case 2: return below(2) == 0;
      case 3: return (below(100) - 50) / 4.0 + 0.125;
      case 4: {
        Json list = Json::array();
        for (int i = below(3) + (manner_.leaves_out_empty ? 1 : 0); i > 0; --i) list.push_back(value(depth + 1));
        return list;
      }
      default: {
        Json object = Json::object();
        for (int i = below(3) + (manner_.leaves_out_empty ? 1 : 0); i > 0; --i) {
          object["k" + std::to_string(i)] = value(depth + 1);
        }
        return object;
      }
    }
  }

  Manner manner_;
  std::mt19937 random_;
};

std::string rendered(const text::jinja::Template& source, const Json& messages, bool add_generation_prompt,
                     bool think) {
  Json context{{"messages", messages},
               {"tools", Json::array()},
               {"bos_token", "<s>"},
               {"eos_token", "</s>"},
               {"add_generation_prompt", add_generation_prompt},
               {"enable_thinking", think},
               {"thinking", think},
               {"datetime", "now"},
               {"functions", "[]"},
               {"documents", nullptr}};
  for (const Json& tool : TurnMaker::tools()) context["tools"].push_back({{"type", "function"}, {"function", tool}});
  return source.render(text::jinja::from_json(context, text::jinja::Origin::kContext)).text;
}

struct Turn {
  Json calls = Json::array();
  std::string content;
  std::string reasoning;
  std::string prompt;
  std::string reply;
};

// The prompt ends where the turn begins, and the beginning that the model is asked to write belongs to the reply.
bool split_prompt(const std::string& prompt, const std::string& whole, Turn& turn) {
  for (const std::string_view end :
       {std::string_view(prompt), std::string_view(prompt).substr(0, prompt.find_last_not_of(" \n") + 1)}) {
    for (const std::string& opening : kOpenings) {
      if (!end.ends_with(opening)) continue;
      turn.prompt = end.substr(0, end.size() - opening.size());
      if (!whole.starts_with(turn.prompt)) continue;
      turn.reply = whole.substr(turn.prompt.size());
      return true;
    }
  }
  return false;
}

void cut_end_of_turn(const std::string& name, std::string& reply) {
  for (const std::string& end : kEndsOfTurn) {
    const bool part_of_form = name.starts_with("upstage") || name.starts_with("openai");
    if (!part_of_form) reply = reply.substr(0, reply.find(end));
  }
}

Json assistant_message(const Turn& turn, const Manner& manner) {
  Json message{{"role", "assistant"}, {"content", turn.content}, {"tool_calls", Json::array()}};
  if (manner.null_content) message["content"] = nullptr;
  if (!turn.reasoning.empty()) {
    message["reasoning_content"] = turn.reasoning;
    message["reasoning"] = turn.reasoning;
    if (turn.content.empty()) message["thinking"] = turn.reasoning;
  }
  for (const Json& call : turn.calls) {
    Json function = call;
    if (manner.text_arguments) function["arguments"] = dump_json(call["arguments"]);
    const std::string id = "abcdef00" + std::to_string(message["tool_calls"].size());
    message["tool_calls"].push_back({{"id", id}, {"type", "function"}, {"function", function}});
  }
  return message;
}

bool make_turn(const std::string& name, const text::jinja::Template& source, unsigned seed, Turn& turn) {
  const auto known = kManners.find(name);
  const Manner manner = known == kManners.end() ? Manner{} : known->second;
  TurnMaker maker(manner, seed);
  const int calls = manner.single ? 1 : manner.two_calls ? 2 : 1 + maker.below(3);
  for (int i = 0; i < calls; ++i) turn.calls.push_back(maker.call());
  if (maker.below(2) == 0 && !manner.null_content && !manner.no_content) turn.content = "Let me look.";
  if (maker.below(2) == 0) turn.reasoning = "I think so.\nYes.";
  const bool think = maker.below(2) == 0;
  const Json user{{"role", "user"}, {"content", "Hi"}};
  Json messages = Json::array({user});
  std::string prompt = rendered(source, messages, true, think);
  // Command R repeats its instructions at the end of every prompt.
  const std::size_t instructions = prompt.rfind("<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>Write");
  if (instructions != std::string::npos) {
    prompt = prompt.substr(0, instructions) + "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>";
  }
  messages.push_back(assistant_message(turn, manner));
  // Nemotron writes the last turn in another order than all others.
  if (name == "NVIDIA-Nemotron-Nano-v2") messages.push_back(user);
  if (!split_prompt(prompt, rendered(source, messages, false, think), turn)) return false;
  cut_end_of_turn(name, turn.reply);
  if (name.starts_with("Apriel") && !turn.reasoning.empty()) turn.prompt = prompt;
  return true;
}

void expect_read(const text::ReplyForm& form, const Turn& turn) {
  text::ReplyOptions options;
  for (const Json& tool : TurnMaker::tools()) options.tools.push_back({tool["name"], dump_json(tool["parameters"])});
  options.reasoning_open = form.reasoning_open(turn.prompt);
  std::string content;
  std::string reasoning;
  std::string arguments;
  Json calls = Json::array();
  for (const ReplyEvent& event : testing::parse_reply(form, options, turn.reply)) {
    if (event.kind == Kind::kText) content += event.text;
    if (event.kind == Kind::kReasoning) reasoning += event.text;
    if (event.kind == Kind::kCallBegin) arguments.clear();
    if (event.kind == Kind::kCallArguments) arguments += event.text;
    if (event.kind == Kind::kCallBegin) calls.push_back({{"name", event.name}});
    if (event.kind == Kind::kCallEnd) calls.back()["arguments"] = parse_ordered_json(arguments, "arguments");
  }
  EXPECT_EQ(nlohmann::json(calls), nlohmann::json(turn.calls)) << turn.reply;
  // Some templates omit content or reasoning, or write content as reasoning.
  EXPECT_TRUE(content.empty() || content == turn.content) << turn.reply << "\n" << content;
  EXPECT_TRUE(reasoning.empty() || reasoning == turn.reasoning || reasoning == turn.content) << turn.reply << "\n"
                                                                                             << reasoning;
}

TEST(TemplateRoundTripReference, ReadsWhatTheTemplateWrote) {
  const std::filesystem::path folder = testing::conformance_folder() / "template/templates";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no templates in " << folder;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    if (kWithoutCalls.contains(name)) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string source{std::istreambuf_iterator<char>(file), {}};
    const auto compiled = text::jinja::Template::parse(source, name);
    const text::ReplyForm& form = text::reply_form_of(source);
    for (unsigned i = 0; i < kTurnsPerTemplate; ++i) {
      SCOPED_TRACE(name + " (" + std::string(form.name) + ")");
      Turn turn;
      ASSERT_TRUE(make_turn(name, compiled, i, turn));
      if (form.name == "functionary-v3.2" && turn.reply.starts_with(">>>")) turn.reply.erase(0, 3);
      expect_read(form, turn);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace rocmforge
