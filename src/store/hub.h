// What a repository of the hub holds, by the interface of huggingface.co that its mirrors share:
//   GET /api/models/ORG/REPO/revision/main        {"sha": COMMIT, …}
//   GET /api/models/ORG/REPO/tree/COMMIT?recursive=true   [{"type": "file", "path": …, "size": …, "lfs": {"oid":
//   SHA256}}…],
//       with a Link to the next page where there is one
//   GET /ORG/REPO/resolve/COMMIT/PATH             the file, mostly by a redirect to another host
// Simple mirrors have the first at /api/models/ORG/REPO alone, and main in the place of commits.
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
  std::string commit;    // the state that main is in
  std::string revision;  // what to ask for: the commit, so that all files are of one state, or main
  std::vector<RemoteEntry> files;
};

struct RepositoryState {
  std::string name;  // as the hub spells it, which takes any case; empty: it does not say
  std::string commit;
};

Repository list_repository(Web& web, const std::string& name);

// Where a file of it is fetched from.
Url file_url(const Web& web, const Repository& repository, std::string_view path);

// The models in it. An Error where there is none says what there is instead.
std::vector<Offer> offers_in(const Repository& repository);

// Parts of the above, for content of unknown origin; `what` names it in messages. A name that would be dangerous as a
// path is left out.
RepositoryState parse_state(std::string_view text, std::string_view what);
std::vector<RemoteEntry> parse_tree(std::string_view text, std::string_view what);
// The address of rel="next" in a Link field.
std::optional<std::string> next_page(std::string_view link_field);

}  // namespace rocmforge::store
