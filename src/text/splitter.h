// Cuts text into the pieces within which byte-pair merges take place.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "text/pattern.h"
#include "text/pretokenizers.h"

namespace rocmforge::text {

class Splitter {
 public:
  explicit Splitter(const SplitKind& kind);

  // Calls take(piece) for every piece of `text`, in order. Requires: `text` is UTF-8. No piece is empty.
  template <typename Take>
  void split(std::string_view text, MatchSpace& space, Take&& take) const {
    split_from(0, text, space, take);
  }

 private:
  struct Step {
    SplitStep rule;
    std::unique_ptr<Pattern> pattern;  // null if the step has a scanner or splits triplets
  };

  template <typename Take>
  void split_from(std::size_t number, std::string_view text, MatchSpace& space, Take& take) const {
    if (text.empty()) return;
    if (number == steps_.size()) {
      take(text);
      return;
    }
    const Step& step = steps_[number];
    const auto pass_on = [&](std::size_t begin, std::size_t end) {
      split_from(number + 1, text.substr(begin, end - begin), space, take);
    };
    if (step.rule.triplets_from_the_right) {
      split_triplets(text, pass_on);
    } else if (step.rule.scan != nullptr) {
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = step.rule.scan(text, at);
        pass_on(at, end);
        at = end;
      }
    } else {
      std::size_t at = 0;
      while (const auto match = at < text.size() ? step.pattern->find(text, at, space) : std::nullopt) {
        pass_on(at, match->begin);
        pass_on(match->begin, match->end);
        at = match->end;
      }
      pass_on(at, text.size());
    }
  }

  static void split_triplets(std::string_view text,
                             const std::function<void(std::size_t begin, std::size_t end)>& take);

  std::vector<Step> steps_;
};

}  // namespace rocmforge::text
