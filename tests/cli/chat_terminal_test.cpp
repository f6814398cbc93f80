// Tests a conversation in a terminal: the test presses keys and reads the screen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>

#include <nlohmann/json.hpp>

#include "support/chat_model.h"
#include "support/program.h"
#include "support/tmux.h"

namespace rocmforge {
namespace {

using testing::ChatModelOptions;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Tmux;

constexpr const char* kGreeting = "/help shows what you can type\n>";

class ChatInATerminal : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::has_tmux()) GTEST_SKIP() << "no tmux here";
  }

  std::string model(const ChatModelOptions& options = {.script = {"Hel", "lo", " there"}}) const {
    return testing::chat_model(folder_ / "model.gguf", options);
  }
  // Returns a model whose answer never ends and whose context always has room.
  std::string endless_model() const {
    return model({.script = {"on", " and", " on", "\n"}, .script_repeats = true}) + " --ctx 256 --context-shift";
  }

  // Returns a terminal with `rocmforge run ARGUMENTS`, ready for the first line.
  std::unique_ptr<Tmux> chat(const std::string& arguments) const {
    auto terminal = open(ROCMFORGE_BINARY " run " + arguments);
    EXPECT_TRUE(terminal->shows(kGreeting));
    return terminal;
  }
  std::unique_ptr<Tmux> open(const std::string& command, std::map<std::string, std::string> environment = {}) const {
    environment.insert({{"HOME", folder_.path()}, {"XDG_STATE_HOME", ""}, {"NO_COLOR", ""}, {"LC_ALL", "C.UTF-8"}});
    return std::make_unique<Tmux>(command, environment);
  }
  std::string history_path() const { return folder_ / ".local/state/rocmforge/history"; }

  // Returns the messages of the conversation, which /save writes.
  nlohmann::json saved_messages(const Tmux& terminal) const {
    const std::string path = folder_ / "chat.json";
    std::filesystem::remove(path);  // it would be asked whether to replace it
    terminal.enter("/save " + path);
    EXPECT_TRUE(terminal.shows("messages are in"));
    terminal.press({"C-l"});
    return nlohmann::json::parse(testing::read_text(path)).at("messages");
  }
  std::string first_message(const Tmux& terminal) const { return saved_messages(terminal).at(0).at("content"); }

  testing::TempFolder folder_;
};

TEST_F(ChatInATerminal, SaysWhoAnswersAndWhere) {
  const auto terminal = chat(model());
  EXPECT_THAT(terminal->screen(), HasSubstr("Parrot\nlayers 0-1 and output: "));
  EXPECT_THAT(terminal->screen(), HasSubstr("context 4,096 (the trained length)"));
  terminal->enter("Who are you?");
  EXPECT_TRUE(terminal->ends_with("> Who are you?\nHello there\n\n>"));
  terminal->press({"C-d"});
  EXPECT_TRUE(terminal->ends_with("left with 0"));
}

// The answer appears while it is generated, and Ctrl-C ends the answer, not the conversation.
TEST_F(ChatInATerminal, ShowsTheAnswerAsItComesUntilCtrlC) {
  const auto terminal = chat(endless_model());
  terminal->enter("hi");
  ASSERT_TRUE(terminal->shows("on and on"));
  terminal->press({"C-c"});
  ASSERT_TRUE(terminal->ends_with("(stopped)\n\n>"));
  terminal->enter("/stats");
  EXPECT_TRUE(terminal->shows("; stopped; seed"));
  const nlohmann::json messages = saved_messages(*terminal);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_THAT(messages.at(1).at("content").get<std::string>(), HasSubstr("on and on")) << "what was said stays";
}

TEST_F(ChatInATerminal, CtrlCClearsTheLineAndTwiceLeaves) {
  const auto terminal = chat(model());
  terminal->type("not this");
  ASSERT_TRUE(terminal->ends_with("> not this"));
  // Sends a zero byte, which does not end the input.
  terminal->press({"C-Space"});
  terminal->type("!");
  ASSERT_TRUE(terminal->ends_with("> not this!"));
  terminal->press({"BSpace", "C-c"});
  ASSERT_TRUE(terminal->ends_with("> not this\n>"));
  terminal->enter("\"\"\"nor this");
  ASSERT_TRUE(terminal->ends_with("\n."));
  terminal->press({"C-c"});
  ASSERT_TRUE(terminal->ends_with(".\n>"));
  terminal->press({"C-c"});
  ASSERT_TRUE(terminal->ends_with("Ctrl-C again, Ctrl-D or /exit leaves\n>"));
  terminal->press({"C-c"});
  EXPECT_TRUE(terminal->ends_with("left with 0"));
}

TEST_F(ChatInATerminal, LinesCanBeEdited) {
  const auto terminal = chat(model());
  terminal->type("world");
  terminal->press({"Home"});
  terminal->type("helloX ");
  terminal->press({"Left", "BSpace", "End"});
  terminal->type("!!");
  terminal->press({"BSpace", "C-a", "C-f", "DC"});
  ASSERT_TRUE(terminal->ends_with("> hllo world!"));
  terminal->press({"Enter"});
  ASSERT_TRUE(terminal->ends_with("there\n\n>"));
  EXPECT_EQ(first_message(*terminal), "hllo world!");
}

// A message that does not fit gives an error, and the conversation continues without it.
TEST_F(ChatInATerminal, AnErrorIsNotTheEndOfTheConversation) {
  const auto terminal = chat(model() + " --ctx 64");
  terminal->enter("hi");
  ASSERT_TRUE(terminal->ends_with("there\n\n>"));
  terminal->enter(std::string(100, 'x'));
  ASSERT_TRUE(terminal->ends_with("/clear forgets what was said so far\n>"));
  EXPECT_THAT(terminal->screen(), HasSubstr("xx\nerror: "));
  EXPECT_EQ(saved_messages(*terminal).size(), 2u);
}

// A character with two columns or two code points is one character for the user.
TEST_F(ChatInATerminal, WideAndCombiningCharactersAreOneEach) {
  const auto terminal = chat(model());
  terminal->type("日本語 cafe\u0301s हि!");
  ASSERT_TRUE(terminal->ends_with("> 日本語 cafe\u0301s हि!"));
  terminal->press({"Left", "BSpace", "Left", "Left", "BSpace"});
  ASSERT_TRUE(terminal->ends_with("> 日本語 cafs !"));
  terminal->press({"Home", "Right", "BSpace", "Right", "Right"});
  terminal->type("を");
  ASSERT_TRUE(terminal->ends_with("> 本語を cafs !"));
  terminal->press({"End"});
  terminal->type("e\u0301");
  ASSERT_TRUE(terminal->ends_with("> 本語を cafs !e\u0301"));
  terminal->press({"Enter"});
  ASSERT_TRUE(terminal->ends_with("there\n\n>"));
  EXPECT_EQ(first_message(*terminal), "本語を cafs !e\u0301");
}

TEST_F(ChatInATerminal, WhatWasTypedComesBackInTheNextRun) {
  const std::string parrot = model();
  {
    const auto terminal = chat(parrot);
    terminal->enter("first");
    ASSERT_TRUE(terminal->ends_with("there\n\n>"));
    terminal->paste("two\nlines");
    ASSERT_TRUE(terminal->ends_with("> two\n. lines"));
    terminal->press({"Enter"});
    ASSERT_TRUE(terminal->ends_with("there\n\n>"));
  }
  struct stat status{};
  ASSERT_EQ(stat(history_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  {
    const auto terminal = chat(parrot);
    terminal->press({"Up"});
    ASSERT_TRUE(terminal->ends_with("> two\n. lines"));
    terminal->press({"Up", "Up"});
    ASSERT_TRUE(terminal->ends_with("> first"));
    terminal->press({"Down"});
    ASSERT_TRUE(terminal->ends_with("> two\n. lines"));
  }
  const std::string before = testing::read_text(history_path());
  const auto terminal = chat(parrot + " --no-history");
  terminal->enter("a secret");
  ASSERT_TRUE(terminal->ends_with("there\n\n>"));
  EXPECT_EQ(testing::read_text(history_path()), before);
}

TEST_F(ChatInATerminal, AHistoryThatCannotBeWrittenIsSaidOnce) {
  folder_.write(".local", "no folder");
  const auto terminal = chat(model());
  terminal->enter("one");
  ASSERT_TRUE(terminal->ends_with("there\n\n>"));
  EXPECT_THAT(terminal->screen(), HasSubstr("history: cannot be written"));
  terminal->press({"C-l"});
  terminal->enter("two");
  ASSERT_TRUE(terminal->ends_with("there\n\n>"));
  EXPECT_THAT(terminal->screen(), Not(HasSubstr("cannot be written")));
}

TEST_F(ChatInATerminal, CommandsForTheConversation) {
  const auto terminal = chat(model());
  terminal->enter("/help");
  ASSERT_TRUE(terminal->shows("/regen"));
  terminal->enter("/halp");
  ASSERT_TRUE(terminal->shows("did you mean /help?"));
  terminal->enter("/stats");
  ASSERT_TRUE(terminal->shows("There has been no answer yet."));
  terminal->enter("/regen");
  ASSERT_TRUE(terminal->shows("nothing to answer again"));
  terminal->press({"C-l"});
  terminal->enter("/system");
  ASSERT_TRUE(terminal->shows("There is no system message."));
  terminal->enter("/system Be brief.");
  ASSERT_TRUE(terminal->shows("The system message is set."));
  terminal->enter("//hi");
  ASSERT_TRUE(terminal->ends_with("> //hi\nHello there\n\n>"));
  terminal->enter("/regen");
  ASSERT_TRUE(terminal->ends_with("> /regen\nHello there\n\n>"));
  terminal->enter("/stats");
  ASSERT_TRUE(terminal->shows("ended by the model; seed"));
  const nlohmann::json messages = saved_messages(*terminal);
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages.at(0), nlohmann::json({{"role", "system"}, {"content", "Be brief."}}));
  EXPECT_EQ(messages.at(1), nlohmann::json({{"role", "user"}, {"content", "/hi"}}));
  EXPECT_EQ(messages.at(2), nlohmann::json({{"role", "assistant"}, {"content", "Hello there"}}));
}

TEST_F(ChatInATerminal, CommandsForFilesAndLeaving) {
  const auto terminal = chat(model());
  terminal->enter("hi");
  ASSERT_TRUE(terminal->ends_with("there\n\n>"));
  saved_messages(*terminal);
  terminal->enter("/clear");
  ASSERT_TRUE(terminal->shows("The conversation is forgotten."));
  EXPECT_EQ(saved_messages(*terminal).size(), 0u);
  folder_.write("loaded.json",
                R"({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]})");
  terminal->enter("/load " + folder_ / "loaded.json");
  ASSERT_TRUE(terminal->shows("2 messages come from"));
  EXPECT_EQ(first_message(*terminal), "a");
  terminal->enter("/load " + folder_ / "nowhere.json");
  ASSERT_TRUE(terminal->shows("No such file"));
  terminal->enter("/save " + folder_ / "no/such/folder/chat.json");
  ASSERT_TRUE(terminal->shows("no/such/folder"));
  terminal->enter("/think maybe");
  ASSERT_TRUE(terminal->shows("expected on or off"));
  terminal->enter("/quit");
  EXPECT_TRUE(terminal->ends_with("left with 0"));
}

TEST_F(ChatInATerminal, WhatTheModelThinksIsDimmed) {
  const auto terminal = chat(model({.script = {"42", "!"}, .reasoning = {"Let", " me", " see"}}));
  terminal->enter("Why?");
  ASSERT_TRUE(terminal->ends_with("Let me see\n\n42!\n\n>"));
  const std::string styled = terminal->screen_with_styles();
  EXPECT_THAT(styled, HasSubstr("\x1b[2mLet me see"));
  EXPECT_THAT(styled, Not(HasSubstr("\x1b[2m42!")));
  const nlohmann::json messages = saved_messages(*terminal);
  EXPECT_EQ(messages.at(1).at("content"), "42!");
  EXPECT_THAT(messages.at(1).at("reasoning_content").get<std::string>(), HasSubstr("Let me see"));
}

TEST_F(ChatInATerminal, QuotesMakeOneMessageOfSeveralLines) {
  const auto terminal = chat(model());
  terminal->enter("\"\"\"/exit");
  ASSERT_TRUE(terminal->ends_with("\n."));
  terminal->enter("two");
  ASSERT_TRUE(terminal->ends_with(". two\n."));
  terminal->enter("three\"\"\"");
  ASSERT_TRUE(terminal->ends_with("there\n\n>"));
  EXPECT_EQ(first_message(*terminal), "/exit\ntwo\nthree");
}

// Pasted text is only inserted: it sends nothing and runs no commands.
TEST_F(ChatInATerminal, APasteOfSeveralLinesIsOneMessage) {
  const auto terminal = chat(model());
  terminal->paste("/exit\ntwo \x1b[31m日本\n\n\tfour\x03\n");
  ASSERT_TRUE(terminal->ends_with("> /exit\n. two [31m日本\n.\n.       four"));
  terminal->type("!");
  terminal->press({"Up", "Up", "Up", "Home"});
  terminal->type("This: ");
  ASSERT_TRUE(terminal->ends_with("> This: /exit\n. two [31m日本\n.\n.       four!"));
  terminal->press({"Enter"});
  ASSERT_TRUE(terminal->ends_with("there\n\n>"));
  EXPECT_EQ(first_message(*terminal), "This: /exit\ntwo [31m日本\n\n\tfour!");
}

// A message that does not fit on the screen can still be edited.
TEST_F(ChatInATerminal, ATallMessageIsShownAroundTheCursor) {
  std::string text;
  for (int line = 1; line <= 60; ++line) text += "line " + std::to_string(line) + "\n";
  const auto terminal = chat(model());
  terminal->paste(text);
  ASSERT_TRUE(terminal->ends_with(". line 60"));
  terminal->press({"-N", "59", "Up"});
  ASSERT_TRUE(terminal->shows("> line 1\n. line 2\n"));
  terminal->type("!");
  ASSERT_TRUE(terminal->shows("> line 1!\n. line 2\n"));
  terminal->press({"Down", "BSpace", "Enter"});
  ASSERT_TRUE(terminal->ends_with(". line 60\nHello there\n\n>"));
  EXPECT_THAT(first_message(*terminal), ::testing::StartsWith("line 1!\nline \nline 3\n"));
}

TEST_F(ChatInATerminal, ALongPasteIsShownByItsSize) {
  std::string text;
  for (int line = 0; line < 20'000; ++line) text += "line " + std::to_string(line) + " with some words in it, 日本\n";
  const auto terminal = chat(model());
  terminal->type("Look: ");
  terminal->paste(text);
  ASSERT_TRUE(terminal->ends_with("> Look: [pasted text 1: 20,000 lines]"));
  terminal->press({"BSpace", "C-u"});
  terminal->enter("short");
  EXPECT_TRUE(terminal->ends_with("> short\nHello there\n\n>")) << "it was only text to edit";
}

TEST_F(ChatInATerminal, AModelCannotCommandTheTerminal) {
  const auto terminal =
      chat(model({.script = {"\x1b]0;owned\x07", "\x1b[2J\x1b[H", "\x1b[31m", "red\r", "\u009b5n", " end"}}));
  terminal->enter("hi");
  ASSERT_TRUE(terminal->ends_with("\\x1b]0;owned\\x07\\x1b[2J\\x1b[H\\x1b[31mred\\r\\u{9b}5n end\n\n>"));
  EXPECT_THAT(terminal->screen(), HasSubstr("Parrot"));
}

TEST_F(ChatInATerminal, ATerminalOfAnotherSizeIsDrawnAnew) {
  const auto terminal = chat(model());
  terminal->type("a line that does not fit into a terminal of forty columns");
  ASSERT_TRUE(terminal->ends_with("columns"));
  terminal->resize(40, 12);
  terminal->type(", or does it");
  ASSERT_TRUE(terminal->ends_with("> a line that does not fit into a terminal of forty columns, or does it"));
  terminal->resize(100, 30);
  terminal->type("?");
  ASSERT_TRUE(terminal->ends_with("> a line that does not fit into a terminal of forty columns, or does it?"));
  terminal->press({"Enter"});
  ASSERT_TRUE(terminal->ends_with("there\n\n>"));
  EXPECT_THAT(first_message(*terminal), ::testing::EndsWith("forty columns, or does it?"));
}

// Only the answer goes into a pipe; prompt and greeting stay on the terminal.
TEST_F(ChatInATerminal, TheAnswerCanGoIntoAPipe) {
  const auto terminal = open(ROCMFORGE_BINARY " run " + model() + " > " + folder_ / "answers");
  ASSERT_TRUE(terminal->shows(kGreeting));
  terminal->enter("hi");
  ASSERT_TRUE(terminal->ends_with("> hi\n>"));
  terminal->press({"C-d"});
  ASSERT_TRUE(terminal->ends_with("left with 0"));
  EXPECT_EQ(testing::read_text(folder_ / "answers"), "Hello there\n");
}

TEST_F(ChatInATerminal, APromptFromAPipeIsAnsweredOnce) {
  const auto terminal = open("echo hi | " ROCMFORGE_BINARY " run " + model({.script = {"a\x1b[2J", "b"}}));
  EXPECT_TRUE(terminal->ends_with("a\\x1b[2Jb\nleft with 0"));
}

// However the program ends, typed text must be visible afterwards.
TEST_F(ChatInATerminal, TheTerminalIsLeftAsItWas) {
  const std::string before = "stty -a > " + folder_ / "before" + "; ";
  const std::string after = "; code=$?; stty -a > " + folder_ / "after" + "; (exit $code)";
  const std::string run = ROCMFORGE_BINARY " run " + endless_model();
  const auto expect_same = [&](const char* how) {
    EXPECT_NE(testing::read_text(folder_ / "after"), "") << how;
    EXPECT_EQ(testing::read_text(folder_ / "after"), testing::read_text(folder_ / "before")) << how;
  };
  {
    const auto terminal = open(before + run + after);
    ASSERT_TRUE(terminal->shows(kGreeting));
    terminal->press({"C-d"});
    ASSERT_TRUE(terminal->ends_with("left with 0"));
    expect_same("by Ctrl-D");
  }
  for (const bool answering : {false, true}) {
    // The program replaces the subshell and so has its process id.
    const auto terminal = open(before + "sh -c 'echo $$ > " + folder_ / "process" + "; exec " + run + "'" + after);
    ASSERT_TRUE(terminal->shows(kGreeting));
    if (answering) {
      terminal->enter("hi");
      ASSERT_TRUE(terminal->shows("on and on"));
    }
    kill(std::stoi(testing::read_text(folder_ / "process")), SIGTERM);
    ASSERT_TRUE(terminal->shows("left with 143"));
    expect_same(answering ? "by SIGTERM in an answer" : "by SIGTERM at the prompt");
  }
}

TEST_F(ChatInATerminal, CanBeSuspended) {
  if (testing::Program({"/bin/sh", "-c", "command -v bash >/dev/null"}).wait().exit_code != 0) {
    GTEST_SKIP() << "no bash here";
  }
  const auto terminal = open("PS1='$ ' bash --norc --noprofile -i");
  terminal->enter(ROCMFORGE_BINARY " run " + model());
  ASSERT_TRUE(terminal->shows(kGreeting));
  terminal->type("half a line");
  ASSERT_TRUE(terminal->ends_with("> half a line"));
  terminal->press({"C-z"});
  ASSERT_TRUE(terminal->shows("Stopped"));
  terminal->enter("fg");
  ASSERT_TRUE(terminal->ends_with("> half a line"));
  terminal->press({"Enter"});
  EXPECT_TRUE(terminal->ends_with("there\n\n>"));
}

// No colours if they are not wanted, and no escape sequences if the terminal does not support them.
TEST_F(ChatInATerminal, PlainTerminalsGetPlainText) {
  const std::string thinker = model({.script = {"42"}, .reasoning = {"Let", " me"}});
  for (const auto& [name, value] : {std::pair("NO_COLOR", "1"), std::pair("TERM", "dumb")}) {
    const auto terminal = open("TERM=${WANTED:-$TERM} " ROCMFORGE_BINARY " run " + thinker,
                               {{name, value}, {"WANTED", name == std::string("TERM") ? value : ""}});
    ASSERT_TRUE(terminal->shows(kGreeting)) << name;
    terminal->enter("Why?");
    ASSERT_TRUE(terminal->ends_with("> Why?\n(thinking)\nLet me\n(answer)\n42\n\n>")) << name;
    EXPECT_THAT(terminal->screen_with_styles(), Not(HasSubstr("\x1b["))) << name;
    terminal->press({"C-d"});
    EXPECT_TRUE(terminal->ends_with("\nleft with 0")) << name;
  }
}

// Words are not broken at the terminal's width, nor after it has changed.
TEST_F(ChatInATerminal, LinesEndBetweenWords) {
  const auto terminal = chat(model({.script = {"seven", " anything", " imagination", " something", " nothing",
                                               " everything", " whatsoever", " extraordinary", " 日本語", " end"}}));
  terminal->enter("hi");
  EXPECT_TRUE(terminal->ends_with(
      "seven anything imagination something nothing everything whatsoever extraordinary\n日本語 end\n\n>"));
  terminal->resize(34, 24);
  terminal->enter("hi");
  EXPECT_TRUE(terminal->ends_with(
      "seven anything imagination\nsomething nothing everything\nwhatsoever extraordinary 日本語\nend\n\n>"));
}

// A typing mistake must not cost a conversation that was saved before.
TEST_F(ChatInATerminal, SaveAsksBeforeItReplaces) {
  const std::string path = folder_.write("precious.json", "precious");
  const auto terminal = chat(model());
  terminal->enter("hi");
  ASSERT_TRUE(terminal->ends_with("there\n\n>"));
  terminal->enter("/save " + path);
  ASSERT_TRUE(terminal->ends_with("Replace it? [y/N]"));
  terminal->enter("");
  ASSERT_TRUE(terminal->ends_with("Nothing is written.\n>"));
  EXPECT_EQ(testing::read_text(path), "precious");
  terminal->enter("/save " + path);
  ASSERT_TRUE(terminal->ends_with("Replace it? [y/N]"));
  terminal->enter("y");
  ASSERT_TRUE(terminal->shows("2 messages are in"));
  EXPECT_THAT(testing::read_text(path), HasSubstr("\"messages\""));
}

// Where a model's file recommends the likeliest token each time, another answer takes another way of drawing.
TEST_F(ChatInATerminal, RegenDrawsAnewWhereTheFileRecommendsTheLikeliest) {
  const auto terminal = chat("demo -n 12");
  terminal->enter("Tell me a story.");
  const nlohmann::json first = saved_messages(*terminal);
  bool differs = false;
  for (int i = 0; i < 5 && !differs; ++i) {
    terminal->enter("/clear");
    terminal->enter("Tell me a story.");
    terminal->enter("/regen");
    differs = saved_messages(*terminal) != first;
  }
  EXPECT_TRUE(differs);
}

}  // namespace
}  // namespace rocmforge
