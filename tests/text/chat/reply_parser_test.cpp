// Tests the parsing of replies in every form: text, reasoning, calls, and malformed calls.
#include <string>

#include <gtest/gtest.h>

#include "support/cpu_time.h"
#include "text/chat/reply_testing.h"

namespace rocmforge {
namespace {

using testing::described;
using testing::form_named;
using testing::parse_reply;
using testing::with_tools;
using text::ReplyOptions;

struct Case {
  const char* form;
  std::string reply;
  std::string expected;
};

void expect_events(const Case& c, const ReplyOptions& options) {
  const text::ReplyForm& form = form_named(c.form);
  EXPECT_EQ(described(parse_reply(form, options, c.reply)), c.expected) << c.form << ": " << c.reply;
  testing::expect_same_in_pieces(form, options, c.reply);
}

void expect_events(const std::vector<Case>& cases, const ReplyOptions& options = with_tools()) {
  for (const Case& c : cases) expect_events(c, options);
}

const std::string kZurich = R"({"city": "Zürich"})";
const std::string kHermes = "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": " + kZurich + "}\n</tool_call>";
const std::string kHermesRead = "[get_weather call_0 " + kZurich + "]";

TEST(ReplyParser, LeavesTextAlone) {
  for (const text::ReplyForm& form : text::reply_forms()) {
    if (form.name == "functionary-v3.2") continue;  // its text has a header
    const std::string reply = "A list:\n\n* 1 < 2, [x], {y}\n* Zürich 😀 </b>\n";
    expect_events({std::string(form.name).c_str(), reply, "[text:" + reply + "]"}, with_tools());
  }
}

// Models deviate from their templates in these ways.
TEST(ReplyParser, TakesCallsWithTheModelsOwnLiberties) {
  const std::string call = "<function=get_weather>\n<parameter=city>\nZürich\n</parameter>\n</function>";
  expect_events({
      {"qwen3-coder", call, kHermesRead},
      {"qwen3-coder", "Let me see.\n" + call + "\n</tool_call>", "[text:Let me see.]" + kHermesRead},
      {"qwen3-coder", call + "\n" + call + "\n</tool_call>", kHermesRead + "[get_weather call_1 " + kZurich + "]"},
      {"llama-3", R"({"name": "get_weather", "parameters": {"city": "a"}}; {"name": "get_weather", "parameters": {}})",
       R"([get_weather call_0 {"city": "a"}][get_weather call_1 {}])"},
      {"harmony", "<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>" + kZurich + "<|end|>",
       kHermesRead},
      {"harmony",
       "<|channel|>commentary<|message|>I check.<|end|><|start|>assistant<|channel|>final<|message|>Sunny.<|return|>",
       "[text:I check.\nSunny.]"},
      {"harmony",
       "<|channel|>analysis<|message|>One.<|end|><|start|>assistant<|channel|>analysis<|message|>Two.<|end|>",
       "[reasoning:One.\nTwo.]"},
  });
}

// If a quote inside a string is mistaken for its end, half of the arguments must not become a call.
TEST(ReplyParser, ACallThatGoesOnBehindItsEndIsNone) {
  const std::string reply = "<|tool_call_start|>[get_weather(city=\"print(\"a\")\")]<|tool_call_end|>";
  std::string text;
  for (const text::ReplyEvent& event : parse_reply(form_named("lfm2"), with_tools(), reply)) {
    EXPECT_NE(event.kind, text::ReplyEvent::Kind::kCallEnd);
    if (event.kind == text::ReplyEvent::Kind::kText) text += event.text;
  }
  EXPECT_EQ(text, reply);
}

// A client that waits for a call must not have to wait for the next word.
TEST(ReplyParser, ACallEndsWithItsLastByte) {
  std::vector<text::ReplyEvent> events;
  const auto parser = form_named("hermes").parser(with_tools());
  parser->feed(kHermes, events);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().kind, text::ReplyEvent::Kind::kCallEnd);
}

TEST(ReplyParser, KeepsBytesThatAreNoUtf8) {
  expect_events({{"hermes", "a\xff\xc3<tool\xe2\x82", "[text:a\xff\xc3<tool\xe2\x82]"}});
}

TEST(ReplyParser, TellsReasoningFromText) {
  expect_events({
      {"hermes", "<think>\nWell.\n</think>\n\nHello.", "[reasoning:Well.][text:Hello.]"},
      {"hermes", "<think>\n\n</think>\n\nHello.", "[text:Hello.]"},
      {"hermes", "</think>\n\nHello.", "[text:Hello.]"},
      {"hermes", "The tag <think> opens, </think> closes.", "[text:The tag <think> opens, </think> closes.]"},
      {"hermes", "<think>Not done </thin", "[reasoning:Not done </thin]"},
      {"seed-oss", "<seed:think>Well.</seed:think>Hello.", "[reasoning:Well.][text:Hello.]"},
      {"mistral", "[THINK]Well.[/THINK]Hello.", "[reasoning:Well.][text:Hello.]"},
      {"granite-3", "<think>Well.</think>\n<response>Hello.</response>", "[reasoning:Well.][text:Hello.]"},
      {"granite-3", "Here is my thought process: Well. Here is my response: Hi.", "[reasoning:Well.][text:Hi.]"},
      {"command-r7b", "<|START_THINKING|>Well.<|END_THINKING|><|START_RESPONSE|>Hi.<|END_RESPONSE|>",
       "[reasoning:Well.][text:Hi.]"},
      {"gemma-4", "<|channel>thought\nWell.\n<channel|>Hi.", "[reasoning:Well.][text:Hi.]"},
      {"apertus", "<|inner_prefix|>Well.<|inner_suffix|>Hi.", "[reasoning:Well.][text:Hi.]"},
      {"apriel", "Here are my reasoning steps:\nWell.\n[BEGIN FINAL RESPONSE]\nHi.\n[END FINAL RESPONSE]",
       "[reasoning:Well.][text:Hi.]"},
      {"solar", "<|think|>Well.<|end|><|begin|>assistant<|content|>Hi.", "[reasoning:Well.][text:Hi.]"},
      {"hunyuan-3", "<think:opensource>Well.</think:opensource>Hi.", "[reasoning:Well.][text:Hi.]"},
      {"minimax-m3", "<mm:think>Well.</mm:think>Hi.", "[reasoning:Well.][text:Hi.]"},
      {"think", "<think>Well.</think>Hi.", "[reasoning:Well.][text:Hi.]"},
  });
}

TEST(ReplyParser, BeginsInReasoningThatThePromptOpened) {
  ReplyOptions options = with_tools();
  options.reasoning_open = true;
  expect_events({{"hermes", "\nWell.\n</think>\n\nHello.", "[reasoning:Well.][text:Hello.]"},
                 {"hermes", "<think>Well.</think>Hello.", "[reasoning:Well.][text:Hello.]"},
                 {"hermes", "Use <tool_call> then.</think>Hello.", "[reasoning:Use <tool_call> then.][text:Hello.]"},
                 {"apriel", "Well.\n[BEGIN FINAL RESPONSE]\nHi.", "[reasoning:Well.][text:Hi.]"}},
                options);
}

// Kimi calls tools in the middle of its reasoning.
TEST(ReplyParser, LetsCallsEndReasoningWhereTheModelForgetsTo) {
  expect_events({{"kimi-k2",
                  "<think>Well.<|tool_calls_section_begin|><|tool_call_begin|>functions.get_time:0"
                  "<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>",
                  "[reasoning:Well.][get_time functions.get_time:0 {}]"}});
}

TEST(ReplyParser, GivesReasoningAsTextWhereAsked) {
  ReplyOptions options = with_tools();
  options.parse_reasoning = false;
  const std::string harmony = "<|channel|>analysis<|message|>Well.<|end|><|start|>assistant<|channel|>final<|message|>";
  expect_events({{"hermes", "<think>\nWell.\n</think>\n\nHi.", "[text:<think>\nWell.\n</think>\n\nHi.]"},
                 {"hermes", "<think>" + kHermes + "</think>Hi.", "[text:<think>" + kHermes + "</think>Hi.]"},
                 {"harmony", harmony + "Hi.", "[text:<|channel|>analysis<|message|>Well.<|end|>Hi.]"}},
                options);
}

TEST(ReplyParser, GivesCallsAsTextWhereAsked) {
  ReplyOptions options = with_tools();
  options.parse_tools = false;
  expect_events({{"hermes", "<think>x</think>" + kHermes, "[reasoning:x][text:" + kHermes + "]"},
                 {"llama-3", "{\"name\": \"get_time\"}", "[text:{\"name\": \"get_time\"}]"}},
                options);
}

TEST(ReplyParser, ReadsCallsAmongText) {
  expect_events({
      {"hermes", "Let me see.\n" + kHermes, "[text:Let me see.]" + kHermesRead},
      {"hermes", "Let me see.\n" + kHermes + "\n\nDone.", "[text:Let me see.]" + kHermesRead + "[text:\n\nDone.]"},
      {"hermes", "\n" + kHermes + "\n", kHermesRead},
      {"hermes", kHermes + "\n" + "<tool_call>\n{\"name\": \"get_time\", \"arguments\": {}}\n</tool_call>",
       kHermesRead + "[get_time call_1 {}]"},
  });
}

TEST(ReplyParser, ReadsJsonInEveryOrderAndSpelling) {
  expect_events({
      {"hermes", R"(<tool_call>{"arguments": {"city": "x"}, "name": "get_weather"}</tool_call>)",
       R"([get_weather call_0 {"city": "x"}])"},
      {"hermes", R"(<tool_call>{"type": "function", "id": "a7", "name": "get_time"}</tool_call>)", "[get_time a7 {}]"},
      {"hermes", R"(<tool_call>[{"name": "get_time", "parameters": null}]</tool_call>)", "[get_time call_0 {}]"},
      {"hermes", R"(<tool_call>{"name": "get_weather", "arguments": "{\"city\": \"x\"}"}</tool_call>)",
       R"([get_weather call_0 {"city": "x"}])"},
      {"hermes", R"(<tool_call>{"name": "get_weather", "arguments": "{\"city\": \"a\nb\"}"}</tool_call>)",
       R"([get_weather call_0 {"city": "a\u000ab"}])"},
      {"hermes",
       R"(<tool_call>{"name": "get_weather", "arguments": {"city": "</tool_call> <think> \u00fc\ud83d\ude00"}})",
       R"([get_weather call_0 {"city": "</tool_call> <think> \u00fc\ud83d\ude00"}])"},
      {"hermes", "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"a\nb\"}}</tool_call>",
       R"([get_weather call_0 {"city": "a\u000ab"}])"},
  });
}

TEST(ReplyParser, GivesBackWhatIsNoCall) {
  const std::string begun = "<tool_call>\n{\"name\": \"get_time\", \"arguments\": {";
  expect_events({
      {"hermes", "Hi <tool_call>", "[text:Hi <tool_call>]"},
      {"hermes", "Hi\n<tool_call> is a tag.", "[text:Hi\n<tool_call> is a tag.]"},
      {"hermes", begun, "[withdrawn get_time call_0 {][text:" + begun + "]"},
      {"hermes", begun + "]} Hi", "[withdrawn get_time call_0 {][text:" + begun + "]} Hi]"},
      {"hermes", begun + "}}\n</tool>", "[withdrawn get_time call_0 {}][text:" + begun + "}}\n</tool>]"},
      {"hermes", "<tool_call><tool_call>{\"name\": \"get_time\"}</tool_call>",
       "[text:<tool_call>][get_time call_0 {}]"},
      {"hermes", begun + "x" + kHermes,
       "[withdrawn get_time call_0 {][text:" + begun + "x][get_weather call_1 " + kZurich + "]"},
      {"hermes", "<tool_call>{\"name\": \"get_time\", \"arguments\": [1]}</tool_call>",
       "[text:<tool_call>{\"name\": \"get_time\", \"arguments\": [1]}</tool_call>]"},
      {"hermes", "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"\xff\"}}</tool_call>",
       "[withdrawn get_weather call_0 {\"city\": \"][text:<tool_call>{\"name\": \"get_weather\", \"arguments\": "
       "{\"city\": \"\xff\"}}</tool_call>]"},
  });
}

TEST(ReplyParser, CompletesACallWhoseArgumentsAreComplete) {
  expect_events({{"hermes", "<tool_call>{\"name\": \"get_time\", \"arguments\": {}}", "[get_time call_0 {}]"},
                 {"hermes", "<tool_call>{\"name\": \"get_time\", \"arguments\": {}}\n</tool", "[get_time call_0 {}]"}});
}

TEST(ReplyParser, ReadsListsOfJson) {
  const std::string two = R"([{"name": "get_weather", "arguments": {"city": "Zürich"}}, {"name": "get_time"}])";
  const std::string read = kHermesRead + "[get_time call_1 {}]";
  expect_events({
      {"granite-3", "<|tool_call|>" + two, read},
      {"nemotron-v2", "<TOOLCALL>" + two + "</TOOLCALL>", read},
      {"apriel", "Hi\n<tool_calls>" + two + "</tool_calls>", "[text:Hi]" + read},
      {"firefunction", "Hi functools" + two, "[text:Hi]" + read},
      {"firefunction", "functools.reduce", "[text:functools.reduce]"},
      {"gigachat", "<|function_call|>{\"name\": \"get_time\", \"arguments\": {}}", "[get_time call_0 {}]"},
      {"nemotron-v2", "<TOOLCALL>[{\"name\": \"get_time\"}, x", "[get_time call_0 {}][text:, x]"},
      {"apertus", R"(<|tools_prefix|>[{"get_weather": {"city": "Zürich"}}, {"get_time": {}}]<|tools_suffix|>)", read},
      {"mistral-list", R"([TOOL_CALLS][{"name": "get_time", "arguments": {}, "id": "abcdefghi"}])",
       "[get_time abcdefghi {}]"},
      {"mistral-list", R"([TOOL_CALLS][{"name": "get_time", "arguments": {}}])", "[get_time call00000 {}]"},
      {"mistral-list", R"([TOOL_CALLS]get_time[ARGS]{})", "[get_time call00000 {}]"},
      {"mistral", R"([TOOL_CALLS][{"name": "get_time", "arguments": {}}])", "[get_time call00000 {}]"},
      {"command-r7b",
       R"(<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "get_time", "parameters": {}}]<|END_ACTION|>)",
       "[get_time 0 {}]"},
      {"command-r",
       "Hi\nAction:\n```json\n[\n    {\n        \"tool_name\": \"get_time\",\n        \"parameters\": {}\n    }\n]```",
       "[text:Hi][get_time call_0 {}]"},
      {"command-r", "Action:\n```json\n[{\"tool_name\": \"directly_answer\", \"parameters\": {}}]\n```\nHi.",
       "[text:\nHi.]"},
      {"command-r", "Action: none", "[text:Action: none]"},
  });
}

TEST(ReplyParser, ReadsLlamasCalls) {
  const std::string call = R"({"name": "get_weather", "parameters": {"city": "Zürich"}})";
  expect_events({
      {"llama-3", call, kHermesRead},
      {"llama-3", "<|python_tag|>" + call, kHermesRead},
      {"llama-3", "<|python_tag|>brave_search.call(query=\"a \\\"b\\\"\")",
       R"([brave_search call_0 {"query": "a \"b\""}])"},
      {"llama-3", "Like this: " + call, "[text:Like this: " + call + "]"},
      {"llama-3", R"({"name": "Bob", "parameters": {}})", R"([text:{"name": "Bob", "parameters": {}}])"},
      {"llama-3", R"({"answer": 42})", R"([text:{"answer": 42}])"},
  });
}

TEST(ReplyParser, ReadsNamesBeforeArguments) {
  expect_events({
      {"mistral", "[TOOL_CALLS]get_weather[ARGS]" + kZurich + "[TOOL_CALLS]get_time[CALL_ID]abcdefghi[ARGS]{}",
       "[get_weather call00000 " + kZurich + "][get_time abcdefghi {}]"},
      {"deepseek-v3.1",
       "Hi<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>" + kZurich +
           "<｜tool▁call▁end｜><｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
       "[text:Hi]" + kHermesRead + "[get_time call_1 {}]"},
      {"deepseek-r1",
       "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n" + kZurich +
           "\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
       kHermesRead},
      {"solar",
       "<|tool_calls|><|tool_call:begin|>a1<|tool_call:name|>get_time<|tool_call:args|>{}<|tool_call:end|><|calls|>",
       "[get_time a1 {}]"},
      {"functionary-v3.1", "<function=get_weather>" + kZurich + "</function>", kHermesRead},
      {"functionary-v3.2", "all\nHi.>>>get_weather\n" + kZurich, "[text:Hi.]" + kHermesRead},
      {"functionary-v3.2", "get_weather\n" + kZurich + ">>>get_time\n{}", kHermesRead + "[get_time call_1 {}]"},
      {"functionary-v3.2", "Hello >>>prompt\n{}", "[text:Hello >>>prompt\n{}]"},
  });
}

TEST(ReplyParser, ReadsHarmony) {
  const std::string call = "<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>" + kZurich;
  expect_events({
      {"harmony",
       "<|channel|>analysis<|message|>Well.<|end|><|start|>assistant<|channel|>final<|message|>Hi.<|return|>",
       "[reasoning:Well.][text:Hi.]"},
      {"harmony", "<|channel|>analysis<|message|>Well.<|end|><|start|>assistant" + call + "<|call|>",
       "[reasoning:Well.]" + kHermesRead},
      {"harmony", " to=functions.get_weather<|channel|>commentary json<|message|>" + kZurich + "<|call|>", kHermesRead},
      {"harmony", "<|channel|>commentary<|message|>Let me see.<|end|><|start|>assistant" + call,
       "[text:Let me see.]" + kHermesRead},
      {"harmony", call.substr(0, call.size() - 3),
       "[withdrawn get_weather call_0 {\"city\": \"Züric][text:" + call.substr(0, call.size() - 3) + "]"},
      {"harmony", "<|channel|>fin", "[text:<|channel|>fin]"},
  });
}

TEST(ReplyParser, MakesJsonOfTaggedParameters) {
  const std::string read = R"([get_weather call_0 {"city": "5", "days": 5, "exact": true, "hours": [1, 2]}])";
  expect_events({
      {"qwen3-coder",
       "<tool_call>\n<function=get_weather>\n<parameter=city>\n5\n</parameter>\n<parameter=days>\n5\n</parameter>\n"
       "<parameter=exact>\nTrue\n</parameter>\n<parameter=hours>\n[1, 2]\n</parameter>\n</function>\n</tool_call>",
       read},
      {"qwen3-coder",
       "<tool_call>\n<function=get_weather>\n<parameter=city>\n\na\n\n</parameter>\n</function>\n</tool_call>",
       R"([get_weather call_0 {"city": "\na\n"}])"},
      {"seed-oss",
       "<seed:tool_call>\n<function=get_weather>\n<parameter=city>5</parameter>\n<parameter=days>5</parameter>\n"
       "<parameter=exact>true</parameter>\n<parameter=hours>[1, 2]</parameter>\n</function>\n</seed:tool_call>",
       read},
      {"glm",
       "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>5</arg_value>\n<arg_key>days</"
       "arg_key>\n<arg_value>5"
       "</arg_value>\n<arg_key>exact</arg_key>\n<arg_value>true</arg_value>\n<arg_key>hours</arg_key>\n<arg_value>[1, "
       "2]"
       "</arg_value>\n</tool_call>",
       read},
      {"minimax-m2",
       "<minimax:tool_call>\n<invoke name=\"get_weather\">\n<parameter name=\"city\">a <b> "
       "\"c\"\\</parameter>\n</invoke>\n"
       "<invoke name=\"get_time\">\n</invoke>\n</minimax:tool_call>",
       R"([get_weather call_0 {"city": "a <b> \"c\"\\"}][get_time call_1 {}])"},
      {"deepseek-v3.2",
       "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"get_weather\">\n<｜DSML｜parameter name=\"city\" "
       "string=\"true\">5"
       "</｜DSML｜parameter>\n<｜DSML｜parameter name=\"other\" "
       "string=\"false\">5</｜DSML｜parameter>\n</｜DSML｜invoke>\n"
       "</｜DSML｜function_calls>",
       R"([get_weather call_0 {"city": "5", "other": 5}])"},
      {"minicpm5",
       "<function name=\"get_weather\"><param name=\"city\"><![CDATA[<a>\n</param>]]></param><param "
       "name=\"style\">{'unit': "
       "'K'}</param></function>",
       R"([get_weather call_0 {"city": "<a>\n</param>", "style": {"unit": "K"}}])"},
      {"glm", "<tool_call>get_weather\n<arg_key>days</arg_key><arg_value>many</arg_value></tool_call>",
       R"([get_weather call_0 {"days": "many"}])"},
      {"glm", "<tool_call>get_weather\n<arg_key>city</arg_key><arg_value>Z\xc3</arg_value></tool_call>",
       "[get_weather call_0 {\"city\": \"Z\xef\xbf\xbd\"}]"},
      {"glm", "<tool_call>get_weather\n<arg_key>city</arg_key><arg_value>x",
       "[withdrawn get_weather call_0 {\"city\": "
       "\"x][text:<tool_call>get_weather\n<arg_key>city</arg_key><arg_value>x]"},
      {"glm", "<tool_call>get_time</tool>", "[text:<tool_call>get_time</tool>]"},
  });
}

TEST(ReplyParser, ReadsNotationsOfTheirOwn) {
  const std::string token = "]<]minimax[>[";
  expect_events({
      {"lfm2",
       "<|tool_call_start|>[get_weather(city=\"it's\", hours=[1, 'a', None], style={\"k\": True}), "
       "get_time()]<|tool_call_end|>Hi",
       R"([get_weather call_0 {"city": "it's", "hours": [1, "a", null], "style": {"k": true}}][get_time call_1 {}][text:Hi])"},
      {"lfm2", "<|tool_call_start|>[get_weather(city='it's')]<|tool_call_end|>",
       R"([get_weather call_0 {"city": "it's"}])"},
      {"lfm2", "<|tool_call_start|>[get_weather(city=x)]",
       "[withdrawn get_weather call_0][text:<|tool_call_start|>[get_weather(city=x)]]"},
      {"lfm2", "<|tool_call_start|>[{\"name\": \"get_time\"}]<|tool_call_end|>", "[get_time call_0 {}]"},
      {"gemma-4",
       "<|tool_call>call:get_weather{city:<|\"|>a\"b\n<|\"|>,hours:[1,2.5],style:{unit:<|\"|>K<|\"|>}}<tool_call|>",
       R"([get_weather call_0 {"city": "a\"b\n", "hours": [1, 2.5], "style": {"unit": "K"}}])"},
      {"gemma-4", "<|tool_call>call:get_time{}<tool_call|><|tool_call>call:get_time{}<tool_call|>",
       "[get_time call_0 {}][get_time call_1 {}]"},
      {"gemma-4", "<|tool_call>get_time{}", "[text:<|tool_call>get_time{}]"},
      {"minimax-m3",
       token + "<tool_call>\n" + token + "<invoke name=\"get_weather\">" + token + "<city>5" + token + "</city>" +
           token + "<hours>" + token + "<item>1" + token + "</item>" + token + "<item>2" + token + "</item>" + token +
           "</hours>" + token + "<style>" + token + "<wind>0.5" + token + "</wind>" + token + "</style>" + token +
           "</invoke>\n" + token + "</tool_call>",
       R"([get_weather call_0 {"city": "5", "hours": [1, 2], "style": {"wind": 0.5}}])"},
  });
}

// A hostile prompt must not make a model write a reply that stalls the server.
TEST(ReplyParser, TakesLinearTime) {
  constexpr std::size_t kSize = 1u << 17;
  const auto repeated = [](std::string_view text) {
    std::string all;
    while (all.size() < kSize) all += text;
    return all;
  };
  const double seconds = testing::cpu_seconds([&] {
    for (const text::ReplyForm& form : text::reply_forms()) {
      std::vector<std::string> replies{repeated("<"), repeated(" "), repeated("<think>")};
      for (const std::string& marker : form.markers()) {
        replies.push_back(repeated(marker));
        replies.push_back(marker + repeated("{\"a\":"));
        replies.push_back(marker + R"({"name": "f", "arguments": )" + repeated("{\"a\":"));
        replies.push_back(marker + "[" + repeated("["));
      }
      for (const std::string& reply : replies) parse_reply(form, with_tools(), reply);
    }
  });
  // These 70 MiB take 1 s without sanitizers; one quadratic form alone would take minutes.
  EXPECT_LT(seconds, 10 * testing::kSlowdown);
}

}  // namespace
}  // namespace rocmforge
