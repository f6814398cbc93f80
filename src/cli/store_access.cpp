#include "cli/store_access.h"

#include <chrono>
#include <cstdlib>
#include <optional>
#include <variant>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/chat/signals.h"
#include "cli/demo_model.h"
#include "cli/terminal.h"

namespace rocmforge::cli {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  // A token that was read from a file may have a line feed at its end.
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

store::Url parse_hub(const std::string& text, std::string_view place) {
  try {
    return store::Url::parse(text);
  } catch (const Error& problem) {
    throw Error(problem.code(), fmt::format("{}: {}", place, problem.message()),
                "expected the address of a hub, as https://huggingface.co");
  }
}

// Returns the hub to use. It may be unencrypted only if --hub names it or it is on this machine.
store::Url hub_of(const PullRequest& request) {
  const bool is_option = !request.hub.empty();
  const std::string text = is_option ? request.hub : variable("HF_ENDPOINT");
  if (text.empty()) return store::WebOptions().hub;
  const store::Url hub = parse_hub(text, is_option ? "--hub" : "HF_ENDPOINT");
  if (!is_option && !hub.is_encrypted() && !hub.is_loopback()) {
    throw Error(ErrorCode::kUsage, "HF_ENDPOINT: " + hub.shown() + " is not encrypted",
                "`rocmforge pull SOURCE --hub " + hub.shown() + "` takes it all the same");
  }
  return hub;
}

store::WebOptions web_options(const PullRequest& request, const Signals& signals) {
  store::WebOptions options{.hub = hub_of(request), .token = variable("HF_TOKEN")};
  options.is_cancelled = [&signals] { return signals.interrupted(); };
  options.on_wait = [](const std::string& reason, std::chrono::milliseconds wait) {
    log::info("{}; trying again in {:.1f} s", reason, static_cast<double>(wait.count()) / 1000);
  };
  if (!options.token.empty() && !options.hub.is_encrypted() && !options.hub.is_loopback()) {
    log::warning("HF_TOKEN goes to {} unencrypted", options.hub.shown());
  }
  return options;
}

// Shows one bar for the download and another for the check of its SHA-256.
class PullBar {
 public:
  void show(const store::PullProgress& progress) {
    if (!bar_ || progress.is_checking != is_checking_) {
      bar_.reset();
      bar_.emplace().start_from(progress.done);
      is_checking_ = progress.is_checking;
    }
    const std::string what = is_checking_ ? "checking " + progress.file
                                          : fmt::format("{} of {}  {}", format_bytes(progress.done),
                                                        format_bytes(progress.total), progress.file);
    bar_->show(progress.done, progress.total, what);
  }
  // Hides the bar, so that a log message starts on a line of its own.
  void hide() { bar_.reset(); }

 private:
  std::optional<ProgressBar> bar_;
  bool is_checking_ = false;
};

}  // namespace

store::ModelStore open_store() { return store::ModelStore(store::ModelStore::default_root()); }

std::string source_meant_by(const std::string& word) {
  if (!store::names_the_web(word)) return word;
  try {
    const store::Source source = store::parse_source(word, hub_of({}));
    const auto* const hub = std::get_if<store::HubSource>(&source);
    return hub != nullptr ? hub->text() : word;
  } catch (const Error&) {  // fetching it will report the error
    return word;
  }
}

store::PullResult pull_with_progress(const store::ModelStore& store, const PullRequest& request) {
  const Signals signals({});
  PullBar bar;
  store::WebOptions options = web_options(request, signals);
  options.on_wait = [&bar, say = options.on_wait](const std::string& reason, std::chrono::milliseconds wait) {
    bar.hide();
    say(reason, wait);
  };
  store::Web web(std::move(options));
  store::PullOptions how{
      .name = request.name, .reserved_names = {std::string(kDemoModel)}, .connections = request.connections};
  how.on_progress = [&bar](const store::PullProgress& progress) { bar.show(progress); };
  how.on_message = [&bar](const std::string& text) {
    bar.hide();
    log::info("{}", text);
  };
  const store::Source source = store::parse_source(request.source, web.options().hub);
  try {
    return store::pull(store, web, source, how);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled) throw;
    bar.hide();
    const bool is_copy = std::holds_alternative<store::FileSource>(source);
    log::warning("interrupted{}", is_copy ? "" : "; the same command goes on from here");
    throw;
  }
}

Error ambiguous(const std::string& word, const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += "\n       " + printable(name);
  return Error(ErrorCode::kUsage, fmt::format("{}: {} models are called so:{}", printable(word), names.size(), list),
               "say which");
}

}  // namespace rocmforge::cli
