// A model hub on this machine that behaves like huggingface.co: it lists repositories page by page, and redirects
// downloads of files to another host with a signed address.
#pragma once

#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "base/text.h"
#include "store/sha256.h"
#include "store/url.h"
#include "support/http_server.h"

namespace rocmforge::testing {

// Returns bytes that begin like a GGUF file and differ for each seed.
inline std::string model_bytes(std::size_t size, unsigned seed = 1) {
  std::string bytes(size, '\0');
  std::mt19937 random(seed);
  for (char& byte : bytes) byte = static_cast<char>(random() & 0xff);
  return bytes.replace(0, 4, "GGUF");
}

struct HubFile {
  std::string content;
  std::string listed_sha256;  // the hash that the hub lists, right or wrong; empty if it lists none
  std::uint64_t listed_size = 0;
};

// The behaviour of the hub. Must be set before the first request.
struct HubBehavior {
  std::string token = {};       // required for any access if not empty
  bool is_simple = false;       // a mirror that supports only the branch main
  bool is_gated = false;        // the listing is public, the files are not
  bool sends_elsewhere = true;  // redirect to the other host
  bool has_ranges = true;
  bool tells_lengths = true;  // whether complete responses have Content-Length
  bool tells_sums = true;
  std::size_t files_a_page = 1000;
  std::size_t most_at_a_time = SIZE_MAX;  // maximum number of bytes per response, whatever range is requested
  std::string login_page = {};            // sent instead of every response of the hub
  bool endless_pages = false;             // listings have endless empty pages
  std::size_t bytes_per_second = 0;       // limit of each connection
  std::size_t dropped_after = SIZE_MAX;   // bytes of every response with a file's content
  std::size_t stalls_after = SIZE_MAX;    // bytes of the first such response
  int failures = 0;                       // the first requests for content fail, this many of them
  int failure_status = 503;
  std::string retry_after = {};
  int signatures_last = 1'000'000;    // valid for this many requests; then the other host answers 403
  std::string endless_redirect = {};  // resolve/ redirects here
  std::string etag = "\"one\"";
};

class HubServer {
 public:
  explicit HubServer(HubBehavior behavior = {})
      : behavior_(std::move(behavior)),
        hub_("127.0.0.1", [this](const ReceivedRequest& request) { return answer(request); }),
        elsewhere_("127.0.0.2", [this](const ReceivedRequest& request) { return answer_elsewhere(request); }) {
    // These requests must not go through a proxy.
    setenv("no_proxy", "*", 1);
  }

  // "org/repo"
  void add(const std::string& repository, const std::string& path, std::string content) {
    const std::lock_guard lock(mutex_);
    HubFile& file = repositories_[repository][path];
    file.listed_sha256 = store::sha256_of(content);
    file.listed_size = content.size();
    file.content = std::move(content);
  }
  // Gives access to a file, so that a test can falsify its listing.
  HubFile& file(const std::string& repository, const std::string& path) { return repositories_[repository][path]; }
  void set_commit(std::string commit) {
    const std::lock_guard lock(mutex_);
    commit_ = std::move(commit);
  }
  // Changes the behaviour between two pulls or during one.
  void change(const std::function<void(HubBehavior&)>& change) {
    const std::lock_guard lock(mutex_);
    change(behavior_);
  }

  // Holds files of the other host, where most contents come from, after this number of bytes in all.
  void allow(std::uint64_t bytes) { elsewhere_.allow(bytes); }
  std::uint64_t content_sent() const { return elsewhere_.bytes_sent(); }

  std::string url() const { return hub_.url(); }
  std::string elsewhere() const { return elsewhere_.url(); }
  std::vector<ReceivedRequest> hub_requests() const { return hub_.requests(); }
  std::vector<ReceivedRequest> elsewhere_requests() const { return elsewhere_.requests(); }
  std::uint64_t bytes_sent() const { return hub_.bytes_sent() + elsewhere_.bytes_sent(); }

 private:
  static HttpAnswer refuse(int status, const std::string& code) {
    return {.status = status, .fields = {{"X-Error-Code", code}, {"X-Error-Message", "No: " + code}}};
  }

  HttpAnswer answer(const ReceivedRequest& request) {
    const std::lock_guard lock(mutex_);
    if (!behavior_.login_page.empty()) {
      return {.fields = {{"Content-Type", "text/html; charset=utf-8"}}, .body = behavior_.login_page};
    }
    const auto authorization = request.fields.find("authorization");
    const bool is_known = behavior_.token.empty() || (authorization != request.fields.end() &&
                                                      authorization->second == "Bearer " + behavior_.token);
    const std::string path = spelled_as_here(request.target.substr(0, request.target.find('?')));
    if (!is_known && !(behavior_.is_gated && path.starts_with("/api/"))) {
      return behavior_.is_gated ? refuse(401, "GatedRepo") : refuse(401, "RepoNotFound");
    }
    for (const auto& [name, files] : repositories_) {
      const std::string api = "/api/models/" + name;
      const std::string revision = behavior_.is_simple ? "main" : commit_;
      const std::string description = behavior_.is_simple ? api : api + "/revision/main";
      if (path == description) return {.body = R"({"id": ")" + name + R"(", "sha": ")" + commit_ + "\"}"};
      if (path == api + "/tree/" + revision) return tree(request.target, api, files);
      const std::string resolve = "/" + name + "/resolve/" + revision + "/";
      if (!path.starts_with(resolve)) continue;
      const auto found = files.find(store::percent_decoded(path.substr(resolve.size())).value_or(""));
      if (found != files.end()) return resolved(name + "/" + found->first, found->second, request);
      return refuse(404, "EntryNotFound");
    }
    return refuse(404, "RepoNotFound");
  }

  // The hub ignores the case of repository names.
  std::string spelled_as_here(std::string path) const {
    for (const auto& [name, files] : repositories_) {
      for (const std::string& start : {"/api/models/" + name, "/" + name}) {
        if (equal_ignoring_case(path.substr(0, start.size()), start)) path.replace(0, start.size(), start);
      }
    }
    return path;
  }

  HttpAnswer tree(const std::string& target, const std::string& api, const std::map<std::string, HubFile>& files) {
    const std::size_t cursor = target.find("cursor=");
    const std::size_t first = cursor == std::string::npos ? 0 : std::stoul(target.substr(cursor + 7));
    HttpAnswer answer;
    if (behavior_.endless_pages) return {.fields = {{"Link", "<" + target + ">; rel=\"next\""}}, .body = "[]"};
    std::string list = R"({"type": "directory", "oid": "d", "size": 0, "path": "folder"})";
    std::size_t number = 0;
    for (const auto& [path, file] : files) {
      const std::size_t at = number++;
      if (at < first || at >= first + behavior_.files_a_page) continue;
      list += R"(, {"type": "file", "oid": "0", "size": )" + std::to_string(file.listed_size) + R"(, "path": ")" + path;
      list += behavior_.tells_sums ? R"(", "lfs": {"oid": ")" + file.listed_sha256 + "\"}}" : "\"}";
    }
    answer.body = "[" + list + "]";
    if (number > first + behavior_.files_a_page) {
      const std::string next = hub_.url() + api + "/tree/" + commit_ +
                               "?recursive=true&cursor=" + std::to_string(first + behavior_.files_a_page);
      answer.fields = {{"Link", "<" + next + ">; rel=\"next\""}};
    }
    return answer;
  }

  HttpAnswer resolved(const std::string& name, const HubFile& file, const ReceivedRequest& request) {
    if (!behavior_.endless_redirect.empty())
      return {.status = 302, .fields = {{"Location", behavior_.endless_redirect}}};
    if (!behavior_.sends_elsewhere) return content(file, request);
    HttpAnswer answer{.status = 302};
    answer.fields = {{"Location", elsewhere_.url() + "/" + store::percent_encoded(name) + "?Signature=SECRET" +
                                      std::to_string(++signatures_)},
                     {"X-Repo-Commit", commit_}};
    if (behavior_.tells_sums) answer.fields.emplace_back("X-Linked-Etag", "\"" + file.listed_sha256 + "\"");
    return answer;
  }

  HttpAnswer answer_elsewhere(const ReceivedRequest& request) {
    const std::lock_guard lock(mutex_);
    const std::size_t signature = request.target.find("SECRET");
    if (signature == std::string::npos || ++uses_[request.target.substr(signature)] > behavior_.signatures_last) {
      return {.status = 403};
    }
    const std::string encoded = request.target.substr(1, request.target.find('?') - 1);
    const std::string path = store::percent_decoded(encoded).value_or("");
    for (const auto& [name, files] : repositories_) {
      if (!path.starts_with(name + "/")) continue;
      const auto found = files.find(path.substr(name.size() + 1));
      if (found != files.end()) return content(found->second, request);
    }
    return {.status = 404};
  }

  HttpAnswer content(const HubFile& file, const ReceivedRequest& request) {
    const auto range = request.fields.find("range");
    // A request for the first byte only inspects the file.
    const bool is_look = range != request.fields.end() && range->second == "bytes=0-0";
    if (!is_look && behavior_.failures > 0) {
      --behavior_.failures;
      HttpAnswer failure{.status = behavior_.failure_status};
      if (!behavior_.retry_after.empty()) failure.fields = {{"Retry-After", behavior_.retry_after}};
      return failure;
    }
    HttpAnswer answer{.fields = {{"ETag", behavior_.etag}}};
    answer.bytes_per_second = behavior_.bytes_per_second;
    if (!is_look) answer.dropped_after = behavior_.dropped_after;
    if (!is_look && behavior_.stalls_after < SIZE_MAX) {
      answer.dropped_after = std::exchange(behavior_.stalls_after, SIZE_MAX);
      answer.stalls = true;
    }
    const auto if_range = request.fields.find("if-range");
    const bool is_other = if_range != request.fields.end() && if_range->second != behavior_.etag;
    if (!behavior_.has_ranges || range == request.fields.end() || is_other) {
      answer.body = file.content;
      answer.has_length = behavior_.tells_lengths;
      return answer;
    }
    const std::string& text = range->second;
    const std::size_t begin = std::stoul(text.substr(6));
    const std::size_t most = std::min(file.content.size() - begin, behavior_.most_at_a_time);
    const std::size_t last = std::min(std::stoul(text.substr(text.find('-') + 1)), begin + most - 1);
    answer.status = 206;
    answer.fields.emplace_back("Content-Range", "bytes " + std::to_string(begin) + "-" + std::to_string(last) + "/" +
                                                    std::to_string(file.content.size()));
    answer.body = file.content.substr(begin, last - begin + 1);
    return answer;
  }

  std::mutex mutex_;
  HubBehavior behavior_;
  std::string commit_ = "0123456789abcdef0123456789abcdef01234567";
  std::map<std::string, std::map<std::string, HubFile>> repositories_;
  int signatures_ = 0;
  std::map<std::string, int> uses_;  // number of uses of each signature
  HttpServer hub_;
  HttpServer elsewhere_;
};

}  // namespace rocmforge::testing
