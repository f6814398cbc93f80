#include "engine/stop_strings.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace rocmforge::engine {

StopStrings::StopStrings(std::vector<std::string> strings) : strings_(std::move(strings)) {
  std::erase(strings_, std::string());
  std::ranges::sort(strings_, std::ranges::greater(), &std::string::size);
}

bool StopStrings::feed(std::string_view text, std::string& out) {
  if (strings_.empty()) {
    out += text;
    return false;
  }
  const std::size_t known = held_.size();
  held_ += text;
  for (std::size_t end = known + 1; end <= held_.size(); ++end) {
    const std::string_view so_far = std::string_view(held_).substr(0, end);
    const auto complete = std::ranges::find_if(strings_, [&](const std::string& s) { return so_far.ends_with(s); });
    if (complete == strings_.end()) continue;
    found_ = *complete;
    out += so_far.substr(0, end - found_.size());
    held_.clear();
    return true;
  }
  const std::size_t begun = begun_at();
  out.append(held_, 0, begun);
  held_.erase(0, begun);
  return false;
}

// Returns the position from which the held text may be the beginning of a stop string.
std::size_t StopStrings::begun_at() const {
  const std::size_t longest = strings_.front().size() - 1;
  std::size_t begun = held_.size() - std::min(held_.size(), longest);
  const auto may_begin = [&](const std::string& s) { return s.starts_with(std::string_view(held_).substr(begun)); };
  while (begun < held_.size() && !std::ranges::any_of(strings_, may_begin)) ++begun;
  return begun;
}

void StopStrings::finish(std::string& out) {
  out += held_;
  held_.clear();
}

}  // namespace rocmforge::engine
