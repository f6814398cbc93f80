// What a pull is going to fetch: the model's manifest to be, and for each file where it comes from.
#pragma once

#include <string>
#include <vector>

#include "store/manifest.h"
#include "store/source.h"
#include "store/web.h"

namespace rocmforge::store {

struct PullPlan {
  Manifest model;                   // without the sums that are not known beforehand
  std::vector<std::string> origin;  // of each file: an address, or a path
  bool is_local = false;
};

// `name` empty: by the source. Asks the hub or the server what there is.
PullPlan plan_pull(Web& web, const Source& source, const std::string& name);

}  // namespace rocmforge::store
