// Reads the quantization from a model file's name, and selects the file of a repository that a user means.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::store {

// A file of a repository, as listed.
struct RemoteEntry {
  std::string path;
  std::uint64_t size = 0;
  std::string sha256 = {};  // empty if the hub does not give it
};

// Returns the quantization in a file's name, in capitals: "Q4_K_M" for "model-Q4_K_M.gguf", or "UD-IQ2_XXS", "BF16".
// For "UD-Q4_K_XL/model-00001-of-00002.gguf" it is taken from the folder. Empty if there is none.
std::string quant_of(std::string_view path);

// Returns whether a file is a projector by its name: a GGUF file that converts images or sound for a model and cannot
// be run alone. The folders in `path` count too.
bool is_projector(std::string_view path);

// A model in a repository: one file, or the parts of a split in order.
struct Offer {
  std::string quant;  // empty if the name has none
  std::vector<RemoteEntry> files;

  std::uint64_t size() const;
};

// Returns the models that can be run: no projectors, no importance matrices, and no splits with missing parts.
std::vector<Offer> offers_of(const std::vector<RemoteEntry>& files);

// Returns the quantizations that suit most users, the best first: small, and hardly worse than the original.
std::span<const std::string_view> usual_quants();

// Returns the quantizations that a user may mean, the more likely one first; the prefix UD- may be omitted.
std::array<std::string, 2> quants_meant_by(const std::string& choice);

// Returns the model that `choice` means: the name of a quantization, ignoring case, or of a file. If it is empty,
// Q4_K_M is chosen, else Q8_0, else the only model. Throws Error, which lists the models, if there is no match.
// `source` is the source as the user wrote it, without the choice.
const Offer& pick(const std::vector<Offer>& offers, const std::string& source, const std::string& choice);

// Returns the choice that selects exactly this model.
std::string choice_of(const Offer& offer, const std::vector<Offer>& offers);

}  // namespace rocmforge::store
