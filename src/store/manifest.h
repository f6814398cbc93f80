// What the store knows of a model that has a name: where it came from and which files it has.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/url.h"

namespace rocmforge::store {

struct ManifestFile {
  std::string name;  // what it is called where it came from, without folders
  std::uint64_t size = 0;
  std::string sha256;  // empty while it is being fetched and the server does not tell
  std::string url_id;  // what names its partial file then
};

struct Manifest {
  std::string name;        // "hf:org/repo:Q4_K_M", or as a person wants it
  std::string source;      // what to pull to have it anew, without secrets
  std::string source_id;   // of an address: its sum, as the address may hold secrets
  std::string repository;  // "org/repo"; empty where it is not from the hub
  std::string commit;      // the hub's
  std::string quant;       // empty: unknown
  std::string pulled;      // "2025-07-04T09:05:07Z"
  std::vector<ManifestFile> files;

  std::uint64_t size() const;
};

std::string to_json(const Manifest& manifest);

// An Error for what is none, with `path` in its message.
Manifest parse_manifest(std::string_view text, std::string_view path);

// A name as a person may give one: letters, digits and . _ - / : in any script but without what would confuse a path or
// a source; an Error says what is wrong.
void check_name(std::string_view name);

// What is kept of an address to know it by.
std::string source_id_of(const Url& address);

// A source as a name: other characters become '-', among them the spaces of files, which would look like a prompt's.
std::string name_of_source(std::string_view source);

// A name as a file's name, and back: "hf:org/repo:Q4_K_M" is hf@org+repo@Q4_K_M.
std::string file_name_of(std::string_view name);

}  // namespace rocmforge::store
