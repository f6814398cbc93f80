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
#include "cli/chat/line_view.h"
#include "cli/chat/pasted_text.h"

namespace rocmforge::cli {
namespace {

constexpr wchar_t kControlC = 3;
// An unused key, which stands for the character in State::to_insert.
constexpr wchar_t kJoin = 0x1d;
constexpr const wchar_t* kPreviousInHistory = L"\x10";  // Ctrl-P
constexpr const wchar_t* kNextInHistory = L"\x0e";      // Ctrl-N
// libedit loses the rest of a longer unfinished line when it shows the history.
constexpr std::ptrdiff_t kLongestLineToLeave = 1000;
// A longer pasted text is shown by its size.
constexpr std::size_t kMostLinesToEdit = 200;
constexpr std::size_t kMostBytesToEdit = 16 << 10;
// The time after which an unfinished paste counts as ended.
constexpr int kPasteSilenceMilliseconds = 5000;

struct KeyBinding {
  const wchar_t* key;
  const wchar_t* function;
};

// Key bindings that are common in shells but differ in libedit, and keys of terminals that it does not know.
constexpr std::array kBindings = std::to_array<KeyBinding>({
    {L"^]", L"rocmforge-join"},     {L"^C", L"rocmforge-interrupt"}, {L"^[[200~", L"rocmforge-paste"},
    {L"^[[A", L"rocmforge-up"},     {L"^[OA", L"rocmforge-up"},      {L"^[[B", L"rocmforge-down"},
    {L"^[OB", L"rocmforge-down"},   {L"^Z", L"rocmforge-suspend"},   {L"^L", L"rocmforge-clear"},
    {L"^R", L"em-inc-search-prev"}, {L"^W", L"ed-delete-prev-word"}, {L"^U", L"vi-kill-line-prev"},
    {L"^[[H", L"ed-move-to-beg"},   {L"^[OH", L"ed-move-to-beg"},    {L"^[[1~", L"ed-move-to-beg"},
    {L"^[[7~", L"ed-move-to-beg"},  {L"^[[F", L"ed-move-to-end"},    {L"^[OF", L"ed-move-to-end"},
    {L"^[[4~", L"ed-move-to-end"},  {L"^[[8~", L"ed-move-to-end"},   {L"^[[3~", L"ed-delete-next-char"},
    {L"^[[1;5C", L"em-next-word"},  {L"^[[1;5D", L"ed-prev-word"},
});

ScreenSize screen_size() {
  winsize size{};
  const bool known = ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 && size.ws_row > 1;
  return known ? ScreenSize{size.ws_row, size.ws_col} : ScreenSize{};
}

}  // namespace

struct LineEditor::State {
  State(std::FILE* screen_stream, bool screen_has_escapes, const TerminalStyle& style, Signals& program_signals)
      : screen(screen_stream), has_escapes(screen_has_escapes), signals(program_signals), view(screen, style) {}

  std::FILE* screen;
  bool has_escapes;
  Signals& signals;
  LineView view;
  GraphemeCells cells;
  FoldedTexts folded;
  std::FILE* drawing = nullptr;  // libedit draws on it
  std::string undrawn;           // the beginning of a character that libedit has drawn
  EditLine* editor = nullptr;
  HistoryW* history = nullptr;
  std::wstring prompt;
  std::string typed;      // bytes that were read and not yet processed
  wchar_t to_insert = 0;  // the character that replaces the one before the cursor
  bool interrupted = false;

  void bind_keys();
  void show();
  // Returns false after Ctrl-C, the end of input, or a timeout.
  bool wait_for_bytes(int milliseconds);
  bool read_bytes();
  wchar_t next_character();
  std::wstring_view line_to_cursor() const;
  bool move_by_line(int lines) const;

  static State& of(EditLine* line) {
    void* state = nullptr;
    el_wget(line, EL_CLIENTDATA, &state);
    return *static_cast<State*>(state);
  }

  // Callbacks of libedit.
  static wchar_t* show_prompt(EditLine* line) { return of(line).prompt.data(); }
  static int read_character(EditLine* line, wchar_t* character);
  static ssize_t draw(void* state, const char* bytes, std::size_t size);
  static unsigned char join(EditLine* line, int);
  static unsigned char interrupt(EditLine* line, int);
  static unsigned char paste(EditLine* line, int);
  static unsigned char suspend(EditLine*, int);
  static unsigned char clear(EditLine* line, int);
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
  add(L"rocmforge-clear", clear);
  for (const KeyBinding& binding : kBindings) el_wset(editor, EL_BIND, binding.key, binding.function, nullptr);
  // Disable signals and flow control while a line is edited, because pasted text may contain their characters.
  el_wset(editor, EL_SETTY, L"-d", L"-isig", L"-ixon", nullptr);
}

void LineEditor::State::show() {
  if (!has_escapes) return;
  const LineInfoW* line = el_wline(editor);
  const std::string before = cells.text_of({line->buffer, static_cast<std::size_t>(line->cursor - line->buffer)});
  const std::string behind = cells.text_of({line->cursor, static_cast<std::size_t>(line->lastchar - line->cursor)});
  view.draw(before + behind, before.size(), screen_size());
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

// Returns 0 if there is no further character.
wchar_t LineEditor::State::next_character() {
  std::string text;
  while (text.empty()) {
    // Take one byte at a time, so that the bytes after the character are not consumed.
    std::string character;
    while (!typed.empty() && text.empty()) {
      // Ignore the zero byte of Ctrl-Space, which would look like the end of input.
      if (typed.front() != '\0') character += typed.front();
      typed.erase(0, 1);
      take_utf8(character, text);
    }
    if (!text.empty()) break;
    typed = character;
    show();
    std::array<pollfd, 2> sources = {{{STDIN_FILENO, POLLIN, 0}, {signals.wake_descriptor(), POLLIN, 0}}};
    if (poll(sources.data(), sources.size(), -1) < 0 && errno != EINTR) return 0;
    if (signals.take_redraw()) el_resize(editor);
    if (signals.take_interrupt()) return kControlC;
    if ((sources[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !read_bytes()) return 0;
  }
  return static_cast<wchar_t>(first_code_point(text).value);
}

std::wstring_view LineEditor::State::line_to_cursor() const {
  const LineInfoW* line = el_wline(editor);
  return {line->buffer, static_cast<std::size_t>(line->cursor - line->buffer)};
}

// Returns false if there is no such line.
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

int LineEditor::State::read_character(EditLine* line, wchar_t* character) {
  State& state = of(line);
  *character = state.next_character();
  if (*character == 0) return 0;
  const std::wstring_view before = state.line_to_cursor();
  // Characters below U+0300 do not combine with the character before them.
  constexpr wchar_t kFirstCombining = 0x300;
  if (*character < kFirstCombining || before.empty()) return 1;
  state.to_insert = state.cells.joined(before.back(), *character);
  if (state.to_insert != 0) *character = kJoin;
  return 1;
}

// libedit draws if LineView cannot.
ssize_t LineEditor::State::draw(void* data, const char* bytes, std::size_t size) {
  State& state = *static_cast<State*>(data);
  if (state.has_escapes) return static_cast<ssize_t>(size);
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
  // The return key moves the cursor to the end of the line.
  el_wpush(line, L"\r");
  return CC_NORM;
}

unsigned char LineEditor::State::suspend(EditLine*, int) {
  raise(SIGTSTP);
  return CC_NORM;
}

unsigned char LineEditor::State::clear(EditLine* line, int) {
  State& state = of(line);
  if (state.has_escapes) state.view.clear();
  return CC_NORM;
}

unsigned char LineEditor::State::paste(EditLine* line, int) {
  State& state = of(line);
  PasteCollector paste;
  while (!paste.feed(state.typed)) {
    if (!state.wait_for_bytes(kPasteSilenceMilliseconds)) break;
  }
  const std::wstring text = state.cells.cells_of(state.folded.folded(paste.text(), kMostLinesToEdit, kMostBytesToEdit));
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
    : state_(std::make_unique<State>(screen, understands_escapes(screen), style, signals)) {
  use_utf8_locale();
  State& state = *state_;
  state.drawing = fopencookie(&state, "w", {.read = nullptr, .write = State::draw, .seek = nullptr, .close = nullptr});
  if (state.drawing == nullptr) throw system_error("the terminal", "write to", errno);
  state.editor = el_init_fd("rocmforge", stdin, state.drawing, stderr, STDIN_FILENO, fileno(screen), STDERR_FILENO);
  state.history = history_winit();
  if (state.editor == nullptr || state.history == nullptr) throw error(ErrorCode::kIo, "the terminal cannot be used");
  HistEventW event;
  history_w(state.history, &event, H_SETSIZE, static_cast<int>(HistoryFile::kMostEntries));
  history_w(state.history, &event, H_SETUNIQUE, 1);
  el_wset(state.editor, EL_CLIENTDATA, &state);
  el_wset(state.editor, EL_GETCFN, State::read_character);
  el_wset(state.editor, EL_PROMPT, State::show_prompt);
  el_wset(state.editor, EL_HIST, history_w, state.history);
  state.bind_keys();
}

LineEditor::~LineEditor() {
  if (state_->editor != nullptr) el_end(state_->editor);
  if (state_->history != nullptr) history_wend(state_->history);
  if (state_->drawing != nullptr) std::fclose(state_->drawing);
}

EditedLine LineEditor::read(std::string_view mark) {
  State& state = *state_;
  state.prompt = state.cells.cells_of(mark) + L' ';
  state.view.begin(mark);
  state.interrupted = false;
  state.to_insert = 0;
  if (state.signals.take_redraw()) el_resize(state.editor);
  int count = 0;
  const wchar_t* line = el_wgets(state.editor, &count);
  std::string text;
  if (line != nullptr) text = state.cells.text_of({line, static_cast<std::size_t>(count)});
  if (text.ends_with('\n')) text.pop_back();
  if (state.has_escapes) {
    state.view.draw(text, text.size(), screen_size());
    state.view.end();
  } else if (line == nullptr) {
    std::fputc('\n', state.screen);
  }
  const EditedLine::Kind kind = state.interrupted ? EditedLine::Kind::kInterrupted
                                : line == nullptr ? EditedLine::Kind::kEnd
                                                  : EditedLine::Kind::kLine;
  return {kind, state.folded.unfolded(text)};
}

void LineEditor::remember(std::string_view message) {
  HistEventW event;
  const std::wstring entry = state_->cells.cells_of(state_->folded.folded(message, kMostLinesToEdit, kMostBytesToEdit));
  if (!entry.empty()) history_w(state_->history, &event, H_ENTER, entry.c_str());
}

void use_utf8_locale() {
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");
}

}  // namespace rocmforge::cli
