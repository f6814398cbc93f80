// The table of all stages. A new one is a file of its own, its factory declared here, and a line in stages.cpp.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string_view>

#include "sample/stage.h"

namespace rocmforge::sample {

using StageFactory = std::unique_ptr<Stage>(const Settings&, int vocabulary);

// Null where the settings turn the stage off.
StageFactory make_penalties, make_dry, make_top_n_sigma, make_top_k, make_typical, make_top_p, make_min_p, make_xtc,
    make_temperature;

struct StageEntry {
  std::string_view name;
  char letter;                              // for a chain written in letters
  std::array<std::string_view, 2> aliases;  // without '-' and '_', as the name also is understood
  StageFactory* make;
};

std::span<const StageEntry> stages();

// By its name as in the table; null if there is none.
const StageEntry* find_stage(std::string_view name);

}  // namespace rocmforge::sample
