// A list of distinct numbers below a fixed size, in the order in which they were added. Every operation takes constant
// time, and none allocates.
#pragma once

#include <vector>

#include "base/error.h"

namespace rocmforge::kv {

class RecencyList {
 public:
  explicit RecencyList(int size) : links_(static_cast<std::size_t>(size) + 1), end_(size) {
    links_[end_] = {end_, end_};
  }

  // Returns -1 if the list is empty.
  int oldest() const { return links_[end_].newer == end_ ? kNone : links_[end_].newer; }

  void add(int member) {
    RF_CHECK(links_[member].older == kNone);
    links_[member] = {links_[end_].older, end_};
    links_[links_[member].older].newer = member;
    links_[end_].older = member;
  }

  void remove(int member) {
    Link& link = links_[member];
    RF_CHECK(link.older != kNone);
    links_[link.older].newer = link.newer;
    links_[link.newer].older = link.older;
    link = {};
  }

 private:
  static constexpr int kNone = -1;

  struct Link {
    int older = kNone;
    int newer = kNone;
  };

  std::vector<Link> links_;  // a ring; the last link is a sentinel between the newest and the oldest
  int end_;
};

}  // namespace rocmforge::kv
