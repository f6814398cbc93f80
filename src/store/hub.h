// Lists the contents of a hub repository, through the interface of huggingface.co that its mirrors share:
//   GET /api/models/ORG/REPO/revision/main        {"sha": COMMIT, …}
//   GET /api/models/ORG/REPO/tree/COMMIT?recursive=true   [{"type": "file", "path": …, "size": …, "lfs": {"oid":
//   SHA256}}…],
//       with a Link to the next page if there is one
//   GET /ORG/REPO/resolve/COMMIT/PATH             the file, usually through a redirect to another host
// Simple mirrors have the first at /api/models/ORG/REPO only, and `main` instead of commits.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/quant_name.h"
#include "store/web.h"

namespace rocmforge::store {

struct Repository {
  std::string name;      // "org/repo"
  std::string commit;    // the commit of main
  std::string revision;  // the revision to request: the commit, so that all files belong together, or main
  std::vector<RemoteEntry> files;
};

struct RepositoryState {
  std::string name;  // in the hub's spelling, since it ignores case; empty if it does not say
  std::string commit;
};

Repository list_repository(Web& web, const std::string& name);

// Returns the address of a file of the repository.
Url file_url(const Web& web, const Repository& repository, std::string_view path);

// Returns the models in the repository. Throws Error, which lists what there is instead, if there are none.
std::vector<Offer> offers_in(const Repository& repository);

// Parsers for content of unknown origin; `what` names it in messages. Files with a name that is unsafe as a path are
// skipped.
RepositoryState parse_state(std::string_view text, std::string_view what);
std::vector<RemoteEntry> parse_tree(std::string_view text, std::string_view what);
// Returns the address of rel="next" in a Link field.
std::optional<std::string> next_page(std::string_view link_field);

}  // namespace rocmforge::store
