// The table of all stages. To add a stage, write a file for it, declare its factory here, and add a line to stages.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "sample/stage.h"

namespace rocmforge::sample {

using StageFactory = std::unique_ptr<Stage>(const Settings&, int vocabulary);
using StageBytes = std::uint64_t(int vocabulary);

// Return nullptr if the settings disable the stage.
StageFactory make_penalties, make_dry, make_top_n_sigma, make_top_k, make_typical, make_top_p, make_min_p, make_xtc,
    make_temperature;

// Return the memory of the stage's arrays that have an element for each token of the vocabulary.
StageBytes bytes_of_penalties, bytes_of_dry;

struct StageEntry {
  std::string_view name;
  char letter;                              // names the stage in a chain written as letters
  std::array<std::string_view, 2> aliases;  // other names of the stage, without '-' and '_'
  StageFactory* make;
  StageBytes* bytes = nullptr;  // nullptr: the stage has no such arrays
};

std::span<const StageEntry> stages();

// Finds a stage by its exact name; nullptr if there is none.
const StageEntry* find_stage(std::string_view name);

}  // namespace rocmforge::sample
