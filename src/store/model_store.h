// The folder of models: each file once, under the sum of its content, and names that lead to them.
//
//   blobs/sha256-HEX           complete files, checked, never changed
//   partial/sha256-HEX         files that are being fetched; partial/url-HEX where no sum is known beforehand
//   names/NAME.json            a manifest: which files make up the model (file_name_of() spells the name)
//   begun/NAME.json            the same for a model whose files are not all there yet
//   links/NAME/model.gguf      links to the blobs, by the files' own names, so that splits find their parts
//   locks/                     held by whoever changes a name (locks/name-NAME), or all of it (locks/store)
//
// A name appears when its model is complete. Any number of processes may use a store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "store/file_lock.h"
#include "store/manifest.h"
#include "store/partial_file.h"

namespace rocmforge::store {

class ModelStore {
 public:
  struct Removed {
    std::uint64_t freed = 0;      // bytes
    bool files_are_kept = false;  // some of them, as others need them
  };

  // Nothing is created before something is stored.
  explicit ModelStore(std::filesystem::path root);

  // $ROCMFORGE_MODELS, or rocmforge/models below $XDG_DATA_HOME or ~/.local/share.
  static std::filesystem::path default_root();

  // By name. A manifest that makes no sense is left out, with a warning. An Error where the folder cannot be read.
  std::vector<Manifest> models() const;
  std::vector<Manifest> unfinished() const;
  std::optional<Manifest> find(const std::string& name) const;
  // Finished or not, and be it one that makes no sense.
  bool has_manifest(const std::string& name) const;

  // Those that a person can mean by `word`: its name, its source, or, in any case, "repo", "repo:quant", "org/repo",
  // "org/repo:quant", with or without -GGUF at the repository's end and UD- at the quant's. What a person named is
  // meant by that name or its source alone. Names that are exactly so exclude the others.
  std::vector<Manifest> meant_by(std::string_view word, bool also_unfinished = false) const;

  // What to open: the first file of the model.
  std::filesystem::path file_of(const Manifest& model) const;
  bool is_complete(const Manifest& model) const;
  // Makes the links that a complete model lacks, after somebody removed them.
  void mend_links(const Manifest& model) const;

  // How much of an unfinished model is there.
  std::uint64_t bytes_there(const Manifest& model) const;

  // ---- For whoever pulls or removes ----

  // Held while a name's model is fetched or removed.
  FileLock lock_name(const std::string& name, const FileLock::WhileWaiting& while_waiting) const;
  std::filesystem::path blob(const std::string& sha256) const;
  std::filesystem::path partial(const ManifestFile& file) const;
  // Says which files a model will have, so that nobody takes them for garbage.
  void begin(const Manifest& model) const;
  // A file of it is complete: it gets its place under its sum, by which `model` names it now.
  void keep(PartialFile& partial, const std::string& sha256, const Manifest& model) const;
  // After a pull that failed: forgets what was begun if nothing of it is there, or if the next one cannot go on with
  // it.
  void give_up(const std::string& name, bool can_go_on) const;
  // Gives the model its name, if all its files are there still; false: some are not. Files of a model that had the name
  // before go, unless others need them.
  bool finish(const Manifest& model) const;

  // Removes a name, finished or not, and what of its files nobody else needs. An Error while it is being pulled.
  Removed remove(const std::string& name) const;

  const std::filesystem::path& root() const { return root_; }

 private:
  std::vector<Manifest> read_all(bool finished) const;
  std::filesystem::path manifest_path(std::string_view name, bool finished) const;
  FileLock lock_store() const;
  std::filesystem::path lock_path(const std::string& name) const;
  void remove_lock(const std::string& name) const;
  std::vector<ManifestFile> files_by(const std::string& name, bool finished) const;
  void write_manifest(const Manifest& model, bool finished) const;
  void remove_manifest(const std::string& name, bool finished) const;
  bool has_links(const Manifest& model) const;
  void link_files(const Manifest& model) const;
  void remove_other_links(const Manifest& model) const;
  std::optional<std::set<std::string>> needed_files() const;
  std::uint64_t remove_unneeded() const;
  void make_folders() const;

  std::filesystem::path root_;
};

}  // namespace rocmforge::store
