#include "engine/stop_strings.h"

#include <algorithm>
#include <utility>

namespace rocmforge::engine {

StopStrings::StopStrings(std::vector<std::string> strings) : strings_(std::move(strings)) {
  std::erase(strings_, std::string());
  std::ranges::sort(strings_, {}, &std::string::size);
}

bool StopStrings::feed(std::string_view text, std::string& out) {
  if (strings_.empty()) {
    out += text;
    return false;
  }
  held_ += text;
  std::size_t start = 0;
  for (; start < held_.size(); ++start) {
    const std::string_view rest = std::string_view(held_).substr(start);
    const auto complete = std::ranges::find_if(strings_, [&](const std::string& s) { return rest.starts_with(s); });
    if (complete != strings_.end()) {
      found_ = *complete;
      break;
    }
    // A shorter one may come up within it, but not before it.
    if (std::ranges::any_of(strings_, [&](const std::string& s) { return s.starts_with(rest); })) break;
  }
  out.append(held_, 0, start);
  held_.erase(0, start);
  if (!found_.empty()) held_.clear();
  return !found_.empty();
}

void StopStrings::finish(std::string& out) {
  out += held_;
  held_.clear();
}

}  // namespace rocmforge::engine
