// Where a model comes from, as a person writes it: hf:org/repo[:QUANT], https://…, or a file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "store/url.h"

namespace rocmforge::store {

struct HubSource {
  std::string repository;  // "org/repo"
  std::string choice;      // a quantization's name, or a file of the repository; empty: what suits most

  std::string text() const;  // "hf:org/repo:choice"
};

struct WebSource {
  Url url;
};

struct FileSource {
  std::string path;
};

using Source = std::variant<HubSource, WebSource, FileSource>;

// Whether it is meant as a source on the web: hf:… or https:…, right or wrong.
bool names_the_web(std::string_view text);

// An address of the hub itself means a model there: HUB/org/repo, HUB/org/repo/resolve/main/model.gguf. An Error says
// what is wrong with the form; whether there is such a thing is not looked at.
Source parse_source(std::string_view text, const Url& hub);

// Whether it has the form "org/repo".
bool is_repository_name(std::string_view text);

// A path below a repository that is safe to name a file: no "..", not absolute, nothing that controls a terminal.
bool is_sound_path(std::string_view path);

}  // namespace rocmforge::store
