// The quantization that a model's file is named after, and which of a repository's files a person means.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::store {

// A file of a repository, as its listing has it.
struct RemoteEntry {
  std::string path;
  std::uint64_t size = 0;
  std::string sha256 = {};  // empty: the hub gives none
};

// "Q4_K_M" of "model-Q4_K_M.gguf", "UD-IQ2_XXS", "BF16", in capitals; of "UD-Q4_K_XL/model-00001-of-00002.gguf" the
// folder's. Empty where the name says nothing.
std::string quant_of(std::string_view path);

// Whether a file is called as the part of a model is that turns images or sound into its input: a GGUF file that alone
// runs nothing. `path` may have folders, one of which may say so.
bool is_projector(std::string_view path);

// A model that a repository offers: one file, or the parts of one in order.
struct Offer {
  std::string quant;  // empty: not by its name
  std::vector<RemoteEntry> files;

  std::uint64_t size() const;
};

// What of a repository can be run: no projectors of images or sound, no importance matrices, no split without all its
// parts.
std::vector<Offer> offers_of(const std::vector<RemoteEntry>& files);

// What most people want, the best first: small, and hardly worse than the whole.
std::span<const std::string_view> usual_quants();

// The quantizations that a person may mean by a name, the likelier one first: its maker's mark UD- can be left out.
std::array<std::string, 2> quants_meant_by(const std::string& choice);

// The one that `choice` means: a quantization's name in any case, or a file's. Without one Q4_K_M, else Q8_0, else the
// only one. An Error lists what there is; `source` is what the person wrote, without the choice.
const Offer& pick(const std::vector<Offer>& offers, const std::string& source, const std::string& choice);

// How a person would ask for exactly this one.
std::string choice_of(const Offer& offer, const std::vector<Offer>& offers);

}  // namespace rocmforge::store
