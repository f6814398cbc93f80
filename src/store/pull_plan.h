// Plans a pull: the manifest of the future model, and the origin of each file.
#pragma once

#include <string>
#include <vector>

#include "store/manifest.h"
#include "store/source.h"
#include "store/web.h"

namespace rocmforge::store {

struct PullPlan {
  Manifest model;                   // without the hashes that are not known beforehand
  std::vector<std::string> origin;  // of each file: an address or a path
  bool is_local = false;
};

// Queries the hub or the server and returns the plan. If `name` is empty, it is derived from the source.
PullPlan plan_pull(Web& web, const Source& source, const std::string& name);

}  // namespace rocmforge::store
