#include "sample/stages.h"

namespace rocmforge::sample {
namespace {

constexpr StageEntry kStages[] = {
    {"penalties", 'e', {}, make_penalties, bytes_of_penalties},
    {"dry", 'd', {}, make_dry, bytes_of_dry},
    {"top_n_sigma", 's', {}, make_top_n_sigma},
    {"top_k", 'k', {}, make_top_k},
    {"typ_p", 'y', {"typ", "typicalp"}, make_typical},
    {"top_p", 'p', {"nucleus"}, make_top_p},
    {"min_p", 'm', {}, make_min_p},
    {"xtc", 'x', {}, make_xtc},
    {"temperature", 't', {"temp"}, make_temperature},
};

}  // namespace

std::span<const StageEntry> stages() { return kStages; }

const StageEntry* find_stage(std::string_view name) {
  for (const StageEntry& stage : kStages) {
    if (stage.name == name) return &stage;
  }
  return nullptr;
}

}  // namespace rocmforge::sample
