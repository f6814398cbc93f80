// Describes a named model of the store: its origin and its files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/url.h"

namespace rocmforge::store {

struct ManifestFile {
  std::string name;  // its name at the origin, without folders
  std::uint64_t size = 0;
  std::string sha256;  // empty during the download if the server does not announce it
  std::string url_id;  // the name of its partial file in that case
};

struct Manifest {
  std::string name;        // "hf:org/repo:Q4_K_M", or a name of the user's choice
  std::string source;      // the source to pull it from again, without secrets
  std::string source_id;   // if the source is an address: its hash, because the address may contain secrets
  std::string repository;  // "org/repo"; empty if it is not from the hub
  std::string commit;      // the hub's commit
  std::string quant;       // empty if unknown
  std::string pulled;      // "2025-07-04T09:05:07Z"
  std::vector<ManifestFile> files;

  std::uint64_t size() const;
};

std::string to_json(const Manifest& manifest);

// Parses a manifest. Throws Error, with `path` in its message, if it is malformed.
Manifest parse_manifest(std::string_view text, std::string_view path);

// Throws Error unless `name` is a valid name for a model: letters of any script, digits and . _ - / : but nothing that
// would be confused with a path or a source.
void check_name(std::string_view name);

// Returns the hash by which an address is recognised.
std::string source_id_of(const Url& address);

// Turns a source into a name: other characters become '-', including spaces, which would make it look like a prompt.
std::string name_of_source(std::string_view source);

// Returns the file name for a name: hf@org+repo@Q4_K_M for "hf:org/repo:Q4_K_M".
std::string file_name_of(std::string_view name);

}  // namespace rocmforge::store
