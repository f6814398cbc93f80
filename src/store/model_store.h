// The folder of models. Each file is stored once, under the hash of its content, and names refer to the files.
//
//   blobs/sha256-HEX           complete files, checked, never changed
//   partial/sha256-HEX         files that are being fetched; partial/url-HEX if no hash is known beforehand
//   names/NAME.json            a manifest: which files make up the model (file_name_of() spells the name)
//   begun/NAME.json            the same for a model whose files are not all there yet
//   links/NAME/model.gguf      links to the blobs, by the files' own names, so that splits find their parts
//   locks/                     held while a name (locks/name-NAME) or the whole store (locks/store) is changed
//
// A name appears when its model is complete. Several processes may use a store at the same time.
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
    bool files_are_kept = false;  // some files are kept because other models need them
  };

  // Creates nothing on disk; folders are created when something is stored.
  explicit ModelStore(std::filesystem::path root);

  // Returns $ROCMFORGE_MODELS, or rocmforge/models below $XDG_DATA_HOME or ~/.local/share.
  static std::filesystem::path default_root();

  // Return the complete and the unfinished models, sorted by name. A malformed manifest is skipped with a warning.
  // Throws Error if the folder cannot be read.
  std::vector<Manifest> models() const;
  std::vector<Manifest> unfinished() const;
  std::optional<Manifest> find(const std::string& name) const;
  // Returns whether there is a manifest of this name, finished or not, even a malformed one.
  bool has_manifest(const std::string& name) const;

  // Returns the models that a user may mean by `word`: a name, a source, or, ignoring case, "repo", "repo:quant",
  // "org/repo" or "org/repo:quant", with or without -GGUF at the repository's end and UD- at the quant's. A model with
  // a name of the user's choice matches only that name or its source. If there are exact matches, only they are
  // returned.
  std::vector<Manifest> meant_by(std::string_view word, bool also_unfinished = false) const;

  // Returns the path to open, which is that of the model's first file.
  std::filesystem::path file_of(const Manifest& model) const;
  bool is_complete(const Manifest& model) const;
  // Restores missing links of a complete model.
  void mend_links(const Manifest& model) const;

  // Returns how many bytes of an unfinished model are present.
  std::uint64_t bytes_there(const Manifest& model) const;

  // ---- For pulling and removing ----

  // Returns the lock that must be held while the model of this name is fetched or removed.
  FileLock lock_name(const std::string& name, const FileLock::WhileWaiting& while_waiting) const;
  std::filesystem::path blob(const std::string& sha256) const;
  std::filesystem::path partial(const ManifestFile& file) const;
  // Records the files that a model will have, so that they are not removed as unneeded.
  void begin(const Manifest& model) const;
  // Moves a complete file to its place under its hash, by which `model` refers to it now.
  void keep(PartialFile& partial, const std::string& sha256, const Manifest& model) const;
  // Called after a failed pull. Forgets the unfinished model if none of it is present, or if `can_go_on` is false: the
  // next pull cannot continue it.
  void give_up(const std::string& name, bool can_go_on) const;
  // Gives the model its name if all its files are still present; otherwise returns false. Files of a model that had the
  // name before are removed unless other models need them.
  bool finish(const Manifest& model) const;

  // Removes a name, finished or not, and those of its files that no other model needs. Throws Error while it is being
  // pulled.
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
