// Tests the whole program with a model that understands questions: chat, tools, JSON, long contexts and stop strings,
// on every device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/cpu_tier.h"
#include "support/demo_model.h"
#include "support/program.h"

namespace rocmforge {
namespace {

using Json = nlohmann::json;
using ::testing::AllOf;
using testing::Answer;
using testing::demo_model;
using ::testing::HasSubstr;
using testing::rocmforge;

Answer ask(std::string_view question, std::vector<std::string> options = {}) {
  std::vector<std::string> words = {"run", demo_model()};
  words.insert(words.end(), options.begin(), options.end());
  return rocmforge(std::move(words), question);
}

Json tool(const char* name, const char* description, const char* parameter) {
  Json parameters = {
      {"type", "object"}, {"properties", {{parameter, {{"type", "string"}}}}}, {"required", Json::array({parameter})}};
  return {{"type", "function"},
          {"function", {{"name", name}, {"description", description}, {"parameters", parameters}}}};
}

Json said_by(const char* role, const std::string& content) { return {{"role", role}, {"content", content}}; }

// The reply to one conversation.
Json reply_to(const Json& request, std::vector<std::string> options = {}) {
  std::vector<std::string> words = {"run", demo_model(), "--jsonl"};
  words.insert(words.end(), options.begin(), options.end());
  const Answer answer = rocmforge(std::move(words), request.dump() + "\n");
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  return Json::parse(answer.output);
}

Json with_tools(Json messages) {
  return {{"messages", std::move(messages)},
          {"tools",
           {tool("calculator", "Computes an expression", "expression"),
            tool("get_weather", "Tells the weather in a city", "city")}}};
}

// This is the first thing that a new user tries.
TEST(DemoModel, AnswersInAPipeWithTheAnswerAlone) {
  const Answer answer = ask("What is 7 plus 8?\n");
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  EXPECT_EQ(answer.output, "7 plus 8 is 15.\n");
}

// It is in the program, whatever becomes of the file that it was built from.
TEST(DemoModel, IsTheOneThatIsTakenWhereNoneIsNamed) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"run"}, {"run", "demo"}, {"run", "-m", "demo"}}) {
    EXPECT_EQ(rocmforge(words, "What is 7 plus 8?").output, "7 plus 8 is 15.\n");
  }
  EXPECT_EQ(rocmforge({"run", "What is 7 plus 8?"}).output, "7 plus 8 is 15.\n");
  const Answer inspected = rocmforge({"inspect", "demo", "--json"});
  EXPECT_EQ(Json::parse(inspected.output)["file_bytes"], std::filesystem::file_size(demo_model())) << inspected.errors;
  EXPECT_EQ(rocmforge({"tokenize", "-m", "demo", "--text", "Hello"}).exit_code, 0);
}

TEST(DemoModel, AnswersOnEveryDeviceAndTier) {
  std::vector<std::vector<std::string>> places = {{"--device", "ref"}};
  for (const InstructionSet& set : instruction_sets()) {
    if (set.is_here) places.push_back({"--device", "cpu", "--isa", std::string(set.name)});
  }
  for (const std::vector<std::string>& place : places) {
    const Answer answer = ask("Sort these numbers: 42, 7, 305", place);
    EXPECT_EQ(answer.output, "7, 42, 305\n") << place.back() << ": " << answer.errors;
  }
}

TEST(DemoModel, ThinksWhenToldTo) {
  const Json request = {{"messages", Json::array({said_by("user", "What is 345 + 678?")})}, {"thinking", true}};
  const Json reply = reply_to(request);
  EXPECT_EQ(reply["content"], "345 plus 678 is 1023.");
  EXPECT_THAT(reply["reasoning_content"].get<std::string>(), HasSubstr("Ones: 5 + 8 = 13, write 3, carry 1."));
  EXPECT_EQ(ask("What is 345 + 678?", {"--think"}).output, "345 plus 678 is 1023.\n") << "a pipe gets the answer alone";
}

TEST(DemoModel, CallsAToolAndUsesWhatItSays) {
  Json messages = Json::array({said_by("user", "What is 381 times 27?")});
  const Json call = reply_to(with_tools(messages));
  ASSERT_EQ(call["finish_reason"], "tool_calls") << call;
  ASSERT_EQ(call["tool_calls"].size(), 1U);
  EXPECT_EQ(call["content"], "");
  EXPECT_EQ(call["tool_calls"][0]["function"]["name"], "calculator");
  const std::string arguments = call["tool_calls"][0]["function"]["arguments"];
  EXPECT_EQ(Json::parse(arguments), Json({{"expression", "381 * 27"}}));

  // The reply is a message that can be sent back as it is.
  messages.push_back(call);
  messages.push_back({{"role", "tool"}, {"tool_call_id", call["tool_calls"][0]["id"]}, {"content", "10287"}});
  const Json answer = reply_to(with_tools(messages));
  EXPECT_EQ(answer["finish_reason"], "stop");
  EXPECT_THAT(answer["content"].get<std::string>(), HasSubstr("10287"));
  EXPECT_FALSE(answer.contains("tool_calls"));
}

TEST(DemoModel, WritesJsonOfAGivenSchema) {
  const Answer answer =
      ask("Extract the data as JSON that matches this schema:\n"
          R"({"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, )"
          R"("city": {"type": "string"}}, "required": ["name", "age", "city"]})"
          "\n\nText: I met Nora yesterday. Nora lives in Lisbon. Nora is 34 years old.");
  EXPECT_EQ(Json::parse(answer.output), Json({{"name", "Nora"}, {"age", 34}, {"city", "Lisbon"}})) << answer.output;
}

TEST(DemoModel, RemembersWhatWasSaid) {
  Json messages = Json::array({said_by("user", "My name is Clara."), said_by("assistant", "Nice to meet you, Clara."),
                               said_by("user", "What is 12 + 30?"), said_by("assistant", "12 plus 30 is 42."),
                               said_by("user", "What is my name?")});
  EXPECT_EQ(reply_to({{"messages", messages}})["content"], "Your name is Clara.");
}

// A text about eight people, some of it six hundred tokens before the question.
TEST(DemoModel, FindsAFactAnywhereInALongContext) {
  const std::vector<std::string> names = {"Hugo", "Nora", "Felix", "Clara", "Oscar", "Greta", "Bruno", "Wanda"};
  const std::vector<std::string> cities = {"Oslo", "Lima", "Cairo", "Paris", "Dublin", "Quito", "Kyoto", "Vienna"};
  const std::vector<std::string> jobs = {"baker", "pilot", "nurse", "tailor", "singer", "judge", "miner", "weaver"};
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += fmt::format(
        "{0} lives in {1}. The weather was sunny. {0} works as a {2}. {0} likes to eat {3}. {0} has a small dog at "
        "home. "
        "Nobody knew where the lamp was. Yesterday {0} lost a key. {0} leaves on Friday. {0}'s hobby is chess. "
        "Later they all met in the garden. {0} bought a new hat at the market. {0} went to the library. ",
        names[i], cities[i], jobs[i], i % 2 == 0 ? "soup" : "rice");
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string question = fmt::format("{}\n\nWhat is {}'s job?", text, names[i]);
    const Json reply = reply_to({{"messages", Json::array({said_by("user", question)})}});
    EXPECT_EQ(reply["content"], fmt::format("{} works as a {}.", names[i], jobs[i]));
    EXPECT_GT(reply["usage"]["prompt_tokens"], 600);
  }
}

TEST(DemoModel, StopsWhereItIsToldTo) {
  const std::string question = "Count from 1 to 9.";
  EXPECT_EQ(ask(question).output, "1, 2, 3, 4, 5, 6, 7, 8, 9\n");
  EXPECT_EQ(ask(question, {"--stop", ", 5"}).output, "1, 2, 3, 4\n");
  EXPECT_EQ(ask(question, {"-n", "5"}).output, "1, 2,\n");
}

TEST(DemoModel, IsTheSameInAnyCompany) {
  // A line after others has the answer that it has alone.
  const std::string line = Json({{"messages", Json::array({said_by("user", "Who are you?")})}}).dump() + "\n";
  const Answer alone = rocmforge({"run", demo_model(), "--jsonl"}, line);
  const Answer third = rocmforge({"run", demo_model(), "--jsonl"}, line + line + line);
  EXPECT_EQ(third.output, alone.output + alone.output + alone.output);
}

// Clients of chat servers send these forms.
TEST(ChatLines, TakeTheFormsThatClientsUse) {
  const Json parts = Json::array({{{"type", "text"}, {"text", "What is "}}, {{"type", "text"}, {"text", "2 + 2?"}}});
  const Json messages =
      Json::array({{{"role", "developer"}, {"content", "Be brief."}}, {{"role", "user"}, {"content", parts}}});
  EXPECT_EQ(reply_to({{"messages", messages}, {"tools", nullptr}, {"thinking", nullptr}})["content"], "2 plus 2 is 4.");
}

TEST(ChatLines, SayWhatIsWrongWithALineAndGoOn) {
  const auto problem = [](const char* line) {
    return Json::parse(rocmforge({"run", demo_model(), "--jsonl"}, line).output).value("error", "");
  };
  EXPECT_THAT(problem("[1]"), AllOf(HasSubstr("line 1"), HasSubstr("'messages'")));
  EXPECT_THAT(problem(R"({"messages":[{"role":"judge","content":"x"}]})"),
              AllOf(HasSubstr("message 1"), HasSubstr("'role' is \"judge\"")));
  EXPECT_THAT(problem(R"({"messages":[{"role":"user","content":7}]})"), HasSubstr("'content' is 7, expected a text"));
  EXPECT_THAT(problem(R"({"messages":[{"role":"user"}]})"), HasSubstr("'content' is missing"));
  EXPECT_THAT(problem(R"({"messages":[]})"), HasSubstr("no messages"));
  EXPECT_THAT(problem(R"({"messages":[{"role":"user","content":"x"}],"tools":[{"function":{}}]})"),
              AllOf(HasSubstr("tool 1"), HasSubstr("'name' is missing")));
  EXPECT_THAT(problem(R"({"messages":[{"role":"user","content":"x"}],"tools":[{"name":"f","parameters":3}]})"),
              HasSubstr("'parameters' is 3"));
  const Answer both = rocmforge({"run", demo_model(), "--jsonl"},
                                "{}\n{\"messages\":[{\"role\":\"user\",\"content\":\"What is 2 + 2?\"}]}\n");
  EXPECT_THAT(both.output, HasSubstr("2 plus 2 is 4."));
  EXPECT_EQ(both.exit_code, 0);
  EXPECT_EQ(rocmforge({"run", demo_model(), "--jsonl", "--raw"}).exit_code, 2);
  EXPECT_EQ(rocmforge({"run", demo_model(), "--jsonl", "--stats"}).exit_code, 2);
  EXPECT_EQ(rocmforge({"run", demo_model(), "Why?", "--jsonl"}).exit_code, 2);
}

// A line's own settings hold for it alone.
TEST(ChatLines, HonourTheSettingsOfALine) {
  const Json messages = Json::array({said_by("user", "Count from 1 to 9.")});
  const auto reply = [&](const char* name, Json value) {
    return reply_to({{"messages", messages}, {name, std::move(value)}});
  };
  const std::string whole = "1, 2, 3, 4, 5, 6, 7, 8, 9";
  EXPECT_EQ(reply_to({{"messages", messages}})["content"], whole);
  EXPECT_EQ(reply("max_tokens", 5)["usage"]["completion_tokens"], 5);
  EXPECT_EQ(reply("max_tokens", 5)["finish_reason"], "length");
  EXPECT_EQ(reply("max_completion_tokens", 5)["usage"]["completion_tokens"], 5);
  EXPECT_EQ(reply("stop", ", 5")["content"], "1, 2, 3, 4");
  EXPECT_EQ(reply("stop", {"zzz", ", 3"})["content"], "1, 2");
  EXPECT_EQ(reply("response_format", {{"type", "text"}})["content"], whole);
  EXPECT_EQ(reply("stream", false)["content"], whole);
  EXPECT_EQ(reply("n", 1)["content"], whole);
  EXPECT_EQ(reply("my_own_field", {1, 2})["content"], whole);
  const auto drawn = [&](int seed) {
    return reply_to({{"messages", messages},
                     {"temperature", 50},
                     {"top_p", 1},
                     {"min_p", 0},
                     {"top_k", 0},
                     {"max_tokens", 20},
                     {"seed", seed}});
  };
  EXPECT_EQ(drawn(1)["content"], drawn(1)["content"]);
  EXPECT_NE(drawn(1)["content"], drawn(2)["content"]);
  const Json without = reply_to({{"messages", Json::array({said_by("user", "What is 381 times 27?")})},
                                 {"tools", Json::array({tool("calculator", "Computes", "expression")})},
                                 {"tool_choice", "none"}});
  EXPECT_FALSE(without.contains("tool_calls"));
}

TEST(ChatLines, RefuseWhatTheyCannotHonour) {
  const Json messages = Json::array({said_by("user", "Hi there")});
  const auto problem = [&](const char* name, Json value) {
    const Json line = {{"messages", messages}, {name, std::move(value)}};
    return Json::parse(rocmforge({"run", demo_model(), "--jsonl"}, line.dump()).output).value("error", "");
  };
  EXPECT_THAT(problem("response_format", {{"type", "json_object"}}), HasSubstr("'response_format' is"));
  EXPECT_THAT(problem("tool_choice", "required"), HasSubstr("'tool_choice' is \"required\", which is not supported"));
  EXPECT_THAT(problem("n", 2), HasSubstr("'n' is 2"));
  EXPECT_THAT(problem("stream", true), HasSubstr("'stream' is true"));
  EXPECT_THAT(problem("logprobs", true), HasSubstr("'logprobs' is true"));
  EXPECT_THAT(problem("max_tokens", 0), HasSubstr("'max_tokens' is 0, expected a whole number from 1"));
  EXPECT_THAT(problem("max_tokens", "5"), HasSubstr("'max_tokens' is \"5\""));
  EXPECT_THAT(problem("max_tokens", -3), HasSubstr("'max_tokens' is -3"));
  EXPECT_THAT(problem("temperature", -1), HasSubstr("'temperature' is -1, expected a number from 0 to 1000"));
  EXPECT_THAT(problem("temperature", 1e300), HasSubstr("'temperature'"));
  EXPECT_THAT(problem("top_p", 1.5), HasSubstr("'top_p' is 1.5, expected a number from 0 to 1"));
  EXPECT_THAT(problem("seed", 1.5), HasSubstr("'seed' is 1.5"));
  EXPECT_THAT(problem("stop", Json::array({1})), HasSubstr("'stop' is [1]"));
  EXPECT_THAT(problem("logit_bias", {{"x", 1}}), HasSubstr("'logit_bias' has 'x'"));
  EXPECT_THAT(problem("logit_bias", {{"99999999", 1}}), HasSubstr("logit_bias"));
}

TEST(ChatLines, AFileWhoseLinesAllFailIsAFailure) {
  const Answer all = rocmforge({"run", demo_model(), "--jsonl"}, "{}\n[]\n");
  EXPECT_EQ(all.exit_code, 1);
  EXPECT_THAT(all.errors, HasSubstr("none of the 2 lines could be answered"));
  EXPECT_THAT(all.output, AllOf(HasSubstr("line 1: "), HasSubstr("line 2: ")));
  EXPECT_EQ(rocmforge({"run", demo_model(), "--jsonl"}, "").exit_code, 0);
  const Answer twice = rocmforge({"run", demo_model(), "--jsonl"}, R"({"messages":[],"messages":[]})");
  EXPECT_THAT(twice.output, HasSubstr("the key 'messages' occurs twice"));
  EXPECT_THAT(rocmforge({"run", demo_model(), "--jsonl"}, "{\"messages\": }").output,
              HasSubstr("line 1: not JSON, column 14: "));
}

}  // namespace
}  // namespace rocmforge
