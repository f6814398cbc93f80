// Tests the parts of a conversation without a terminal: typed and pasted input, output, and history.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "cli/chat/conversation.h"
#include "cli/chat/grapheme_cells.h"
#include "cli/chat/history_file.h"
#include "cli/chat/line_editor.h"
#include "cli/chat/pasted_text.h"
#include "cli/chat/terminal_text.h"
#include "cli/chat/typed_input.h"
#include "cli/chat/word_wrap.h"
#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace rocmforge {
namespace {

using namespace cli;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TempFolder;

std::string message_of(const std::optional<Typed>& typed) {
  const auto* message = typed ? std::get_if<TypedMessage>(&*typed) : nullptr;
  return message == nullptr ? "no message" : message->text;
}

std::string complaint_of(const std::optional<Typed>& typed) {
  const auto* mistake = typed ? std::get_if<TypedMistake>(&*typed) : nullptr;
  return mistake == nullptr ? "no complaint" : mistake->complaint;
}

TEST(TypedInput, TellsCommandsFromMessages) {
  TypedInput input;
  EXPECT_EQ(message_of(input.feed("Why is the sky blue?")), "Why is the sky blue?");
  EXPECT_EQ(message_of(input.feed("either/or")), "either/or");
  EXPECT_EQ(message_of(input.feed(" /help")), " /help");
  EXPECT_EQ(message_of(input.feed("//etc/passwd, what is it?")), "/etc/passwd, what is it?");
  EXPECT_FALSE(input.feed("").has_value());
  EXPECT_FALSE(input.feed("  \t").has_value());
  const auto command = input.feed("/system  Be brief. ");
  ASSERT_TRUE(command && std::holds_alternative<TypedCommand>(*command));
  EXPECT_EQ(std::get<TypedCommand>(*command).command, SlashCommand::kSystem);
  EXPECT_EQ(std::get<TypedCommand>(*command).argument, "Be brief.");
}

// A mistyped command must not be sent to the model as a message.
TEST(TypedInput, SaysWhatIsWrongWithACommand) {
  TypedInput input;
  EXPECT_THAT(complaint_of(input.feed("/claer")), HasSubstr("did you mean /clear?"));
  EXPECT_THAT(complaint_of(input.feed("/etc/passwd")), HasSubstr("//etc/passwd"));
  EXPECT_THAT(complaint_of(input.feed("/clear all")), HasSubstr("/clear takes nothing"));
  EXPECT_THAT(complaint_of(input.feed("/save")), HasSubstr("/save FILE"));
  EXPECT_THAT(complaint_of(input.feed("/\x1b[2J")), HasSubstr("/\\x1b[2J"));
}

TEST(TypedInput, QuotesBeginAndEndAMessageOfSeveralLines) {
  TypedInput input;
  EXPECT_FALSE(input.feed("\"\"\"").has_value());
  EXPECT_TRUE(input.is_open());
  EXPECT_FALSE(input.feed("/help is text here").has_value());
  EXPECT_FALSE(input.feed("").has_value());
  EXPECT_EQ(message_of(input.feed("the end\"\"\"")), "/help is text here\n\nthe end");
  EXPECT_FALSE(input.is_open());

  EXPECT_EQ(message_of(input.feed("\"\"\"in one line\"\"\"")), "in one line");
  EXPECT_FALSE(input.feed("\"\"\"begun").has_value());
  EXPECT_EQ(message_of(input.feed("\"\"\"")), "begun");
  EXPECT_FALSE(input.feed("\"\"\"\"\"\"").has_value()) << "nothing in it";
  EXPECT_FALSE(input.is_open());

  EXPECT_FALSE(input.feed("\"\"\"dropped").has_value());
  input.forget();
  EXPECT_EQ(message_of(input.feed("another")), "another");
}

// Pasted source code may begin with any character.
TEST(TypedInput, TextOfSeveralLinesIsAlwaysAMessage) {
  TypedInput input;
  for (const std::string text : {"/exit\nnow", "// a comment\nint x;", "\"\"\"doc\"\"\"\nimport os"}) {
    EXPECT_EQ(message_of(input.feed(text)), text);
    EXPECT_FALSE(input.is_open());
  }
  input.feed("\"\"\"");
  EXPECT_FALSE(input.feed("a\n\"\"\"").has_value()) << "a paste does not end a message";
  EXPECT_EQ(message_of(input.feed("\"\"\"")), "a\n\"\"\"");
}

TEST(TypedInput, EveryCommandIsExplained) {
  for (const char* name : {"/help", "/clear", "/system", "/regen", "/think", "/stats", "/save", "/load", "/exit"}) {
    EXPECT_THAT(describe_commands(), HasSubstr(name));
  }
}

TEST(PasteCollector, EndsAtTheMarkWhereverItIsCut) {
  const std::string text = "one\rtwo\x1b[201~typed";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    PasteCollector paste;
    std::string bytes = text.substr(0, cut);
    bool ended = paste.feed(bytes);
    if (!ended) {
      EXPECT_EQ(bytes, "");
      bytes = text.substr(cut);
      ended = paste.feed(bytes);
    } else {
      bytes += text.substr(cut);
    }
    EXPECT_TRUE(ended) << cut;
    EXPECT_EQ(bytes, "typed") << cut;
    EXPECT_EQ(paste.text(), "one\ntwo") << cut;
  }
}

TEST(PastedText, IsFitToBeAMessage) {
  EXPECT_EQ(clean_pasted_text("a\r\nb\rc\nd\n\n"), "a\nb\nc\nd");
  EXPECT_EQ(clean_pasted_text("\x1b[31mred\x07\x7f\tand\x03 more\xc2\x9b"), "[31mred\tand more");
  EXPECT_EQ(clean_pasted_text("bad \xff byte, 日本"), "bad \xef\xbf\xbd byte, 日本");
}

TEST(FoldedTexts, TallTextIsShownByANameAndSentInFull) {
  FoldedTexts folded;
  EXPECT_EQ(folded.folded("two\nlines", 2, 160), "two\nlines");
  const std::string tall = "a\nb\nc";
  EXPECT_EQ(folded.folded(tall, 2, 160), "[pasted text 1: 3 lines]");
  EXPECT_EQ(folded.folded(tall, 2, 160), "[pasted text 1: 3 lines]") << "the same again";
  const std::string longer(2000, 'x');
  EXPECT_EQ(folded.folded(longer, 2, 160), "[pasted text 2: 1.95 KiB]");
  EXPECT_EQ(folded.unfolded("Compare [pasted text 1: 3 lines] [with] [pasted text 2: 1.95 KiB]!"),
            "Compare " + tall + " [with] " + longer + "!");
  EXPECT_EQ(folded.unfolded("[pasted text 3: 3 lines] ["), "[pasted text 3: 3 lines] [");
}

// A combining mark belongs to the letter before it, and deleting removes both.
TEST(GraphemeCells, ACharacterIsOneCell) {
  use_utf8_locale();
  GraphemeCells cells;
  const std::string text =
      "cafe\u0301 \u0939\u093f\u0928\u094d\u0926\u0940 日本 \U0001f468\u200d\U0001f469\u200d\U0001f467!";
  const std::wstring shown = cells.cells_of(text);
  EXPECT_EQ(shown.size(), 4u + 1 + 3 + 1 + 2 + 1 + 1 + 1);
  EXPECT_EQ(cells.text_of(shown), text);

  const wchar_t accented = cells.joined(L'e', 0x301);
  EXPECT_EQ(accented, shown[3]);
  EXPECT_EQ(cells.joined(L'a', L'b'), 0);
  EXPECT_EQ(cells.joined(L'\n', 0x301), 0);
  const wchar_t twice = cells.joined(accented, 0x323);
  EXPECT_EQ(cells.text_of({&twice, 1}), "e\u0301\u0323");
  EXPECT_EQ(cells.text_of(cells.cells_of("\U00100000")), "\U00100000") << "a stand-in itself";
  EXPECT_EQ(columns_of("e\u0301"), 1);
  EXPECT_EQ(columns_of("日"), 2);
  EXPECT_EQ(columns_of("\U0001f468\u200d\U0001f469\u200d\U0001f467"), 2);
}

TEST(HistoryFile, KeepsEntriesOfSeveralLines) {
  const TempFolder folder;
  const HistoryFile history(folder / "state/rocmforge/history");
  EXPECT_TRUE(history.load().empty());
  EXPECT_TRUE(history.add("one"));
  EXPECT_TRUE(history.add("two\nlines, a \\n and a \\"));
  EXPECT_TRUE(history.add("日本"));
  EXPECT_THAT(history.load(), ElementsAre("one", "two\nlines, a \\n and a \\", "日本"));
  struct stat status{};
  ASSERT_EQ(stat((folder / "state/rocmforge/history").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u) << "what one says to a model is nobody else's business";
}

TEST(HistoryFile, ForgetsTheOldestAndWhatIsTooLong) {
  const TempFolder folder;
  std::string lines;
  for (int i = 0; i < 1200; ++i) lines += std::to_string(i) + "\n";
  const HistoryFile history(folder.write("history", lines));
  EXPECT_EQ(history.load().size(), HistoryFile::kMostEntries);
  EXPECT_TRUE(history.add("new"));
  EXPECT_TRUE(history.add(std::string(HistoryFile::kLongestEntry + 1, 'x')));
  const std::vector<std::string> kept = history.load();
  EXPECT_EQ(kept.front(), "201");
  EXPECT_EQ(kept.back(), "new");
  EXPECT_EQ(kept.size(), HistoryFile::kMostEntries);
  const std::string text = testing::read_text(folder / "history");
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text, '\n')), HistoryFile::kMostEntries);
}

// Without a history file the conversation still works.
TEST(HistoryFile, DoesWithoutAFile) {
  const TempFolder folder;
  const std::string file = folder.write("file", "");
  EXPECT_FALSE(HistoryFile(file + "/history").add("one"));
  EXPECT_TRUE(HistoryFile(file + "/history").load().empty());
  EXPECT_TRUE(HistoryFile("").add("one"));
  EXPECT_TRUE(HistoryFile(folder.path()).load().empty());
  EXPECT_THAT(HistoryFile(folder.write("damaged", "\xff\xfe\n\n\\")).load(),
              ElementsAre("\xef\xbf\xbd\xef\xbf\xbd", "\\"));
}

TEST(TerminalText, ShowsWhatATerminalWouldObey) {
  TerminalText text;
  EXPECT_EQ(text.feed("a\x1b[2Jb\x07\x9b\tc\u009b\n"), "a\\x1b[2Jb\\x07\xef\xbf\xbd\tc\\u{9b}");
  EXPECT_EQ(text.feed("d\x7f\b"), "\nd\\x7f\\x08");
}

TEST(TerminalText, TakesPiecesAsTheyCome) {
  TerminalText text;
  EXPECT_EQ(text.feed("\n\n"), "") << "empty lines before the first word";
  EXPECT_FALSE(text.has_begun());
  EXPECT_EQ(text.feed("\xe6\x97"), "");
  EXPECT_EQ(text.feed("\xa5\r"), "日");
  EXPECT_EQ(text.feed("\nnext\r"), "\nnext");
  EXPECT_EQ(text.feed("here"), "\\rhere");
  EXPECT_EQ(text.feed("end\n\n"), "end") << "whoever ends it knows where the cursor is";
}

TEST(Conversation, IsReadAsItWasWritten) {
  const TempFolder folder;
  Conversation conversation;
  conversation.system = "Be brief.";
  conversation.turns = {{Role::kUser, "Why?\n\"So\""}, {Role::kAssistant, "日本", "Hmm."}};
  save_conversation(conversation, folder / "chat.json");
  const Conversation again = load_conversation(folder / "chat.json");
  EXPECT_EQ(again.system, "Be brief.");
  ASSERT_EQ(again.turns.size(), 2u);
  EXPECT_EQ(again.turns[0].content, "Why?\n\"So\"");
  EXPECT_EQ(again.turns[1].role, Role::kAssistant);
  EXPECT_EQ(again.turns[1].reasoning, "Hmm.");
  EXPECT_EQ(again.messages().size(), 3u);
}

TEST(Conversation, SaysWhatIsWrongWithAFile) {
  const auto refused = [](const char* text, const char* said) {
    EXPECT_ERROR(conversation_from_json(text, "x.json"), said);
  };
  refused("[]", "x.json: no list 'messages'");
  refused(R"({"messages": [{"role": "judge", "content": "x"}]})", "message 1: 'role' is \"judge\"");
  refused(R"({"messages": [{"role": "tool", "content": "x"}]})", "in turn");
  refused(R"({"messages": [{"content": "x"}]})", "message 1: 'role' is missing");
  refused(R"({"messages": [{"role": "user", "content": [1]}]})", "'content' is [1], expected a text");
  refused(R"({"messages": [{"role": "assistant", "content": "x"}]})", "in turn");
  refused(R"({"messages": [{"role": "user", "content": "x"}]})", "no answer");
  refused("{", "x.json: ");
}

// ---- Lines of an answer ----

std::string wrapped(std::string_view text, int width, std::size_t piece) {
  WordWrap wrap;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(at + piece, text.size());
    while (end < text.size() && (text[end] & 0xc0) == 0x80) ++end;
    out += wrap.feed(text.substr(at, end - at), width);
    at = end;
  }
  return out + wrap.finish();
}

// However the text is cut into pieces.
void expect_wrapped(std::string_view text, int width, const std::string& lines) {
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 1000u}) EXPECT_EQ(wrapped(text, width, piece), lines) << piece;
}

class WordWraps : public ::testing::Test {
 protected:
  void SetUp() override { use_utf8_locale(); }
};

TEST_F(WordWraps, BreakLinesBetweenWords) {
  expect_wrapped("say anything else", 10, "say\nanything\nelse");
  expect_wrapped("exactly ten wide", 11, "exactly ten\nwide");
  expect_wrapped("one\ntwo three\n\nfour", 9, "one\ntwo three\n\nfour");
  expect_wrapped("one two", 0, "one two");
}

TEST_F(WordWraps, LeaveCodeAsItIsWhereItFits) {
  expect_wrapped("    if (x) {\n\treturn  y;\n    }", 40, "    if (x) {\n\treturn  y;\n    }");
  expect_wrapped("        deeply indented", 12, "deeply\nindented");
}

TEST_F(WordWraps, CountWideCharactersAndAccents) {
  expect_wrapped("日本語の文章です", 10, "日本語の文\n章です");
  expect_wrapped("ab 日本", 5, "ab 日\n本");
  expect_wrapped("cafe\u0301 cafe\u0301", 9, "cafe\u0301 cafe\u0301");
}

// A word that fits into no line is the terminal's to break, and the words behind it stand where the terminal put them.
TEST_F(WordWraps, DoNotBreakWordsThemselves) {
  expect_wrapped("abcdefghijkl mn opq", 5, "abcdefghijkl mn\nopq");
  WordWrap wrap;
  EXPECT_EQ(wrap.feed("abcdefgh", 5), "abcdefgh") << "it need not be held";
}

// What was shown is never taken back, and the terminal may change its width between pieces.
TEST_F(WordWraps, SurviveAResize) {
  WordWrap wrap;
  std::string out = wrap.feed("one two three four ", 80);
  out += wrap.feed("five six ", 10);
  out += wrap.feed("seven", 3);
  out += wrap.finish();
  std::ranges::replace(out, '\n', ' ');
  EXPECT_EQ(out, "one two three four five six seven");
}

// ---- The history ----

TEST(HistoryFile, IsForTheUsersEyesEvenIfItWasNot) {
  const TempFolder folder;
  const std::string path = folder.write("history", "before\n");
  chmod(path.c_str(), 0644);
  EXPECT_TRUE(HistoryFile(path).add("mine"));
  struct stat status{};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_THAT(HistoryFile(path).load(), ElementsAre("before", "mine"));
}

// Opening a pipe for reading would wait for somebody to write.
TEST(HistoryFile, DoesNotWaitForAPipe) {
  const TempFolder folder;
  const std::string path = folder / "history";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_TRUE(HistoryFile(path).load().empty());
  EXPECT_FALSE(HistoryFile(path).add("one"));
}

}  // namespace
}  // namespace rocmforge
