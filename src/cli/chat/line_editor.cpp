#include "cli/chat/line_editor.h"

#include <histedit.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <clocale>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/utf8.h"
#include "cli/chat/grapheme_cells.h"
#include "cli/chat/history_file.h"
#include "cli/chat/pasted_text.h"

namespace rocmforge::cli {
namespace {

// libedit's way to tell a prompt's escape sequences from its text.
constexpr wchar_t kEscapeMark = 1;
constexpr wchar_t kControlC = 3;
// A key that nobody needs stands for the character in State::to_insert.
constexpr wchar_t kJoin = 0x1d;
constexpr const wchar_t* kPreviousInHistory = L"\x10";  // Ctrl-P
constexpr const wchar_t* kNextInHistory = L"\x0e";      // Ctrl-N
// Beyond this libedit forgets the rest of an unfinished line when it shows the history.
constexpr std::ptrdiff_t kLongestLineToLeave = 1000;
// A terminal that does not end a paste within this time never will.
constexpr int kPasteSilenceMilliseconds = 5000;

struct KeyBinding {
  const wchar_t* key;
  const wchar_t* function;
};

// What readers of shells are used to and libedit does otherwise, and keys of terminals that it does not know.
constexpr std::array kBindings = std::to_array<KeyBinding>({
    {L"^]", L"rocmforge-join"},      {L"^C", L"rocmforge-interrupt"},    {L"^[[200~", L"rocmforge-paste"},
    {L"^[[A", L"rocmforge-up"},      {L"^[OA", L"rocmforge-up"},         {L"^[[B", L"rocmforge-down"},
    {L"^[OB", L"rocmforge-down"},    {L"^Z", L"rocmforge-suspend"},      {L"^R", L"em-inc-search-prev"},
    {L"^W", L"ed-delete-prev-word"}, {L"^U", L"vi-kill-line-prev"},      {L"^[[H", L"ed-move-to-beg"},
    {L"^[OH", L"ed-move-to-beg"},    {L"^[[1~", L"ed-move-to-beg"},      {L"^[[7~", L"ed-move-to-beg"},
    {L"^[[F", L"ed-move-to-end"},    {L"^[OF", L"ed-move-to-end"},       {L"^[[4~", L"ed-move-to-end"},
    {L"^[[8~", L"ed-move-to-end"},   {L"^[[3~", L"ed-delete-next-char"}, {L"^[[1;5C", L"em-next-word"},
    {L"^[[1;5D", L"ed-prev-word"},
});

// Where libedit puts the cursor, in rows below the beginning of the prompt.
int rows_above(std::wstring_view shown, int columns) {
  int row = 0;
  int column = 0;
  for (const wchar_t cell : shown) {
    const int width = cell == L'\t' ? 8 - column % 8 : std::max(wcwidth(cell), 0);
    if (cell == L'\n' || column + width > columns) {
      ++row;
      column = 0;
    }
    column += width;
  }
  return row + (column == columns ? 1 : 0);
}

}  // namespace

struct LineEditor::State {
  State(std::FILE* screen_stream, Signals& program_signals) : screen(screen_stream), signals(program_signals) {}

  std::FILE* screen;
  Signals& signals;
  GraphemeCells cells;
  FoldedTexts folded;
  std::FILE* output = nullptr;  // what libedit draws on; goes on to the screen
  std::string undrawn;          // the beginning of a character that it has drawn
  EditLine* editor = nullptr;
  HistoryW* history = nullptr;
  std::wstring prompt;  // as libedit wants it
  int prompt_width = 0;
  std::string typed;      // bytes that have not been looked at
  wchar_t to_insert = 0;  // the character that takes the place of the one before the cursor
  bool interrupted = false;

  void bind_keys();
  // False: Ctrl-C, the end, or too long a silence.
  bool wait_for_bytes(int milliseconds);
  bool read_bytes();
  wchar_t next_character();
  std::wstring_view line_to_cursor() const;
  void draw_anew() const;
  bool move_by_line(int lines) const;
  std::string fit_to_edit(std::string_view text);

  static State& of(EditLine* line) {
    void* state = nullptr;
    el_wget(line, EL_CLIENTDATA, &state);
    return *static_cast<State*>(state);
  }

  // What libedit calls.
  static wchar_t* show_prompt(EditLine* line) { return of(line).prompt.data(); }
  static int read_character(EditLine* line, wchar_t* character);
  static ssize_t draw(void* state, const char* bytes, std::size_t size);
  static unsigned char join(EditLine* line, int);
  static unsigned char interrupt(EditLine* line, int);
  static unsigned char paste(EditLine* line, int);
  static unsigned char suspend(EditLine*, int);
  static unsigned char up(EditLine* line, int) { return leave_line(line, -1); }
  static unsigned char down(EditLine* line, int) { return leave_line(line, 1); }
  static unsigned char leave_line(EditLine* line, int lines);
};

void LineEditor::State::bind_keys() {
  el_wset(editor, EL_EDITOR, L"emacs");
  const auto add = [this](const wchar_t* name, unsigned char (*function)(EditLine*, int)) {
    el_wset(editor, EL_ADDFN, name, L"", function);
  };
  add(L"rocmforge-join", join);
  add(L"rocmforge-interrupt", interrupt);
  add(L"rocmforge-paste", paste);
  add(L"rocmforge-up", up);
  add(L"rocmforge-down", down);
  add(L"rocmforge-suspend", suspend);
  for (const KeyBinding& binding : kBindings) el_wset(editor, EL_BIND, binding.key, binding.function, nullptr);
  // Keys, not signals and flow control, while a line is edited: what is pasted may hold them.
  el_wset(editor, EL_SETTY, L"-d", L"-isig", L"-ixon", nullptr);
}

bool LineEditor::State::wait_for_bytes(int milliseconds) {
  if (!typed.empty()) return true;
  pollfd input = {STDIN_FILENO, POLLIN, 0};
  int ready = -1;
  do {
    ready = poll(&input, 1, milliseconds);
  } while (ready < 0 && errno == EINTR && !signals.interrupted());
  return ready > 0 && read_bytes();
}

bool LineEditor::State::read_bytes() {
  std::array<char, 4096> bytes{};
  const ssize_t count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  if (count > 0) typed.append(bytes.data(), static_cast<std::size_t>(count));
  return count > 0;
}

// 0: there will be none.
wchar_t LineEditor::State::next_character() {
  std::string text;
  while (text.empty()) {
    // One byte after the other, so that what comes after the character stays where it is.
    std::string character;
    while (!typed.empty() && text.empty()) {
      character += typed.front();
      typed.erase(0, 1);
      take_utf8(character, text);
    }
    if (!text.empty()) break;
    typed = character;
    std::array<pollfd, 2> sources = {{{STDIN_FILENO, POLLIN, 0}, {signals.wake_descriptor(), POLLIN, 0}}};
    if (poll(sources.data(), sources.size(), -1) < 0 && errno != EINTR) return 0;
    if (signals.take_redraw()) draw_anew();
    if (signals.take_interrupt()) return kControlC;
    if ((sources[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !read_bytes()) return 0;
  }
  return static_cast<wchar_t>(first_code_point(text).value);
}

std::wstring_view LineEditor::State::line_to_cursor() const {
  const LineInfoW* line = el_wline(editor);
  return {line->buffer, static_cast<std::size_t>(line->cursor - line->buffer)};
}

// The terminal has moved the lines as it liked.
void LineEditor::State::draw_anew() const {
  winsize size{};
  const bool known = ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  const std::wstring shown =
      std::wstring(static_cast<std::size_t>(prompt_width), L' ') + std::wstring(line_to_cursor());
  const int rows = known ? rows_above(shown, size.ws_col) : 0;
  std::fputc('\r', screen);
  if (rows > 0) fmt::print(screen, "\x1b[{}A", rows);
  std::fputs("\x1b[J", screen);
  el_resize(editor);
  el_wset(editor, EL_REFRESH);
}

// False: there is no such line.
bool LineEditor::State::move_by_line(int lines) const {
  const LineInfoW* line = el_wline(editor);
  const std::wstring_view text(line->buffer, static_cast<std::size_t>(line->lastchar - line->buffer));
  const auto cursor = static_cast<std::size_t>(line->cursor - line->buffer);
  const auto start_of = [&](std::size_t at) { return at == 0 ? 0 : text.rfind(L'\n', at - 1) + 1; };
  const auto end_of = [&](std::size_t at) { return std::min(text.find(L'\n', at), text.size()); };
  const std::size_t start = start_of(cursor);
  if (lines < 0 ? start == 0 : end_of(cursor) == text.size()) return false;
  const std::size_t target = lines < 0 ? start_of(start - 1) : end_of(cursor) + 1;
  const std::size_t place = std::min(target + (cursor - start), end_of(target));
  el_cursor(editor, static_cast<int>(place) - static_cast<int>(cursor));
  return true;
}

// What libedit can show with the cursor in it.
std::string LineEditor::State::fit_to_edit(std::string_view text) {
  winsize size{};
  const bool known = ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  const std::size_t rows = known ? size.ws_row : 24;
  return folded.folded(text, std::max<std::size_t>(rows / 2, 2), known ? size.ws_col : 80);
}

int LineEditor::State::read_character(EditLine* line, wchar_t* character) {
  State& state = of(line);
  *character = state.next_character();
  if (*character == 0) return 0;
  const std::wstring_view before = state.line_to_cursor();
  // Nothing below joins with what is before it.
  constexpr wchar_t kFirstCombining = 0x300;
  if (*character < kFirstCombining || before.empty()) return 1;
  state.to_insert = state.cells.joined(before.back(), *character);
  if (state.to_insert != 0) *character = kJoin;
  return 1;
}

ssize_t LineEditor::State::draw(void* data, const char* bytes, std::size_t size) {
  State& state = *static_cast<State*>(data);
  state.undrawn.append(bytes, size);
  std::string text;
  take_utf8(state.undrawn, text);
  std::wstring drawn;
  for (std::string_view rest = text; !rest.empty();) {
    const CodePoint c = first_code_point(rest);
    drawn += static_cast<wchar_t>(c.value);
    rest.remove_prefix(c.length);
  }
  std::fputs(state.cells.text_of(drawn).c_str(), state.screen);
  std::fflush(state.screen);
  return static_cast<ssize_t>(size);
}

unsigned char LineEditor::State::join(EditLine* line, int) {
  State& state = of(line);
  if (state.to_insert == 0) return CC_ERROR;
  el_deletestr(line, 1);
  const std::array<wchar_t, 2> character = {std::exchange(state.to_insert, L'\0'), L'\0'};
  el_winsertstr(line, character.data());
  return CC_REFRESH;
}

unsigned char LineEditor::State::interrupt(EditLine* line, int) {
  of(line).interrupted = true;
  // The return key puts the cursor behind the line.
  el_wpush(line, L"\r");
  return CC_NORM;
}

unsigned char LineEditor::State::suspend(EditLine*, int) {
  raise(SIGTSTP);
  return CC_NORM;
}

unsigned char LineEditor::State::paste(EditLine* line, int) {
  State& state = of(line);
  PasteCollector paste;
  while (!paste.feed(state.typed)) {
    if (!state.wait_for_bytes(kPasteSilenceMilliseconds)) break;
  }
  const std::wstring text = state.cells.cells_of(state.fit_to_edit(paste.text()));
  return el_winsertstr(line, text.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
}

unsigned char LineEditor::State::leave_line(EditLine* line, int lines) {
  const State& state = of(line);
  if (state.move_by_line(lines)) return CC_REFRESH;
  const LineInfoW* edited = el_wline(line);
  if (edited->lastchar - edited->buffer > kLongestLineToLeave) return CC_ERROR;
  el_wpush(line, lines < 0 ? kPreviousInHistory : kNextInHistory);
  return CC_NORM;
}

LineEditor::LineEditor(std::FILE* screen, const TerminalStyle& style, Signals& signals)
    : state_(std::make_unique<State>(screen, signals)), style_(style) {
  use_utf8_locale();
  State& state = *state_;
  state.output = fopencookie(&state, "w", {.read = nullptr, .write = State::draw, .seek = nullptr, .close = nullptr});
  if (state.output == nullptr) throw system_error("the terminal", "write to", errno);
  state.editor = el_init_fd("rocmforge", stdin, state.output, stderr, STDIN_FILENO, fileno(screen), STDERR_FILENO);
  state.history = history_winit();
  if (state.editor == nullptr || state.history == nullptr) throw error(ErrorCode::kIo, "the terminal cannot be used");
  HistEventW event;
  history_w(state.history, &event, H_SETSIZE, static_cast<int>(HistoryFile::kMostEntries));
  history_w(state.history, &event, H_SETUNIQUE, 1);
  el_wset(state.editor, EL_CLIENTDATA, &state);
  el_wset(state.editor, EL_GETCFN, State::read_character);
  el_wset(state.editor, EL_PROMPT_ESC, State::show_prompt, kEscapeMark);
  el_wset(state.editor, EL_HIST, history_w, state.history);
  state.bind_keys();
}

LineEditor::~LineEditor() {
  if (state_->editor != nullptr) el_end(state_->editor);
  if (state_->history != nullptr) history_wend(state_->history);
  if (state_->output != nullptr) std::fclose(state_->output);
}

EditedLine LineEditor::read(std::string_view prompt) {
  State& state = *state_;
  const std::wstring mark = state.cells.cells_of(prompt);
  const auto escape_sequence = [&](std::string_view sequence) {
    return sequence.empty() ? L"" : kEscapeMark + state.cells.cells_of(sequence) + kEscapeMark;
  };
  // Not at the very end: a sequence there is lost by libedit.
  state.prompt = escape_sequence(style_.bold) + mark + escape_sequence(style_.reset) + L' ';
  state.prompt_width = static_cast<int>(mark.size()) + 1;
  state.interrupted = false;
  state.to_insert = 0;
  int count = 0;
  const wchar_t* line = el_wgets(state.editor, &count);
  EditedLine result;
  if (line != nullptr)
    result.text = state.folded.unfolded(state.cells.text_of({line, static_cast<std::size_t>(count)}));
  if (result.text.ends_with('\n')) result.text.pop_back();
  result.kind = state.interrupted ? EditedLine::Kind::kInterrupted
                : line == nullptr ? EditedLine::Kind::kEnd
                                  : EditedLine::Kind::kLine;
  return result;
}

void LineEditor::remember(std::string_view message) {
  HistEventW event;
  const std::wstring entry = state_->cells.cells_of(state_->fit_to_edit(message));
  if (!entry.empty()) history_w(state_->history, &event, H_ENTER, entry.c_str());
}

void use_utf8_locale() {
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");
}

}  // namespace rocmforge::cli
