// Parses the source of a model as a user writes it: hf:org/repo[:QUANT], https://…, or a file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "store/url.h"

namespace rocmforge::store {

struct HubSource {
  std::string repository;  // "org/repo"
  std::string choice;      // a quantization or a file of the repository; empty means the usual one

  std::string text() const;  // "hf:org/repo:choice"
};

struct WebSource {
  Url url;
};

struct FileSource {
  std::string path;
};

using Source = std::variant<HubSource, WebSource, FileSource>;

// Returns whether the text is meant as a source on the web, valid or not: hf:… or https:….
bool names_the_web(std::string_view text);

// Parses a source. An address on the hub itself refers to a model there: HUB/org/repo,
// HUB/org/repo/resolve/main/model.gguf. Throws Error if the form is wrong; does not check whether the source exists.
Source parse_source(std::string_view text, const Url& hub);

// Returns whether the text has the form "org/repo".
bool is_repository_name(std::string_view text);

// Returns whether a path in a repository is safe as a file name: it is relative, without "..", and without control
// characters.
bool is_sound_path(std::string_view path);

}  // namespace rocmforge::store
