// A hub of models on this machine that speaks as huggingface.co does: it lists repositories page by page, and sends
// whoever wants a file to another host, by an address that is signed.
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

// What begins as a GGUF file does, and is different for each seed.
inline std::string model_bytes(std::size_t size, unsigned seed = 1) {
  std::string bytes(size, '\0');
  std::mt19937 random(seed);
  for (char& byte : bytes) byte = static_cast<char>(random() & 0xff);
  return bytes.replace(0, 4, "GGUF");
}

struct HubFile {
  std::string content;
  std::string listed_sha256;  // as the hub says, right or wrong; empty: it says none
  std::uint64_t listed_size = 0;
};

// How it behaves. To be set before anybody asks.
struct HubManners {
  std::string token = {};       // without it nothing is shown
  bool is_simple = false;       // a mirror that knows the branch main alone
  bool is_gated = false;        // the listing is open, files are not
  bool sends_elsewhere = true;  // to the other host
  bool has_ranges = true;
  bool tells_lengths = true;  // of what it sends whole
  bool tells_sums = true;
  std::size_t files_a_page = 1000;
  std::size_t most_at_a_time = SIZE_MAX;  // bytes, whatever range is asked for
  std::string login_page = {};            // in place of whatever the hub is asked for
  bool endless_pages = false;             // of a listing, and nothing on them
  std::size_t bytes_per_second = 0;       // of each connection
  std::size_t dropped_after = SIZE_MAX;   // bytes of every answer with a file's content
  std::size_t stalls_after = SIZE_MAX;    // bytes of the first such answer
  int failures = 0;                       // so many requests for content are answered so first
  int failure_status = 503;
  std::string retry_after = {};
  int signatures_last = 1'000'000;    // so many requests; then the other host answers 403
  std::string endless_redirect = {};  // resolve/ leads here
  std::string etag = "\"one\"";
};

class HubServer {
 public:
  explicit HubServer(HubManners manners = {})
      : manners_(std::move(manners)),
        hub_("127.0.0.1", [this](const HttpQuestion& question) { return answer(question); }),
        elsewhere_("127.0.0.2", [this](const HttpQuestion& question) { return answer_elsewhere(question); }) {
    // Nothing of this is for a proxy.
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
  // For lies.
  HubFile& file(const std::string& repository, const std::string& path) { return repositories_[repository][path]; }
  void set_commit(std::string commit) {
    const std::lock_guard lock(mutex_);
    commit_ = std::move(commit);
  }
  // For what changes between two pulls, or in the midst of one.
  void change(const std::function<void(HubManners&)>& change) {
    const std::lock_guard lock(mutex_);
    change(manners_);
  }

  std::string url() const { return hub_.url(); }
  std::string elsewhere() const { return elsewhere_.url(); }
  std::vector<HttpQuestion> hub_questions() const { return hub_.questions(); }
  std::vector<HttpQuestion> elsewhere_questions() const { return elsewhere_.questions(); }
  std::uint64_t bytes_sent() const { return hub_.bytes_sent() + elsewhere_.bytes_sent(); }

 private:
  static HttpAnswer refuse(int status, const std::string& code) {
    return {.status = status, .fields = {{"X-Error-Code", code}, {"X-Error-Message", "No: " + code}}};
  }

  HttpAnswer answer(const HttpQuestion& question) {
    const std::lock_guard lock(mutex_);
    if (!manners_.login_page.empty()) {
      return {.fields = {{"Content-Type", "text/html; charset=utf-8"}}, .body = manners_.login_page};
    }
    const auto authorization = question.fields.find("authorization");
    const bool is_known = manners_.token.empty() || (authorization != question.fields.end() &&
                                                     authorization->second == "Bearer " + manners_.token);
    const std::string path = spelled_as_here(question.target.substr(0, question.target.find('?')));
    if (!is_known && !(manners_.is_gated && path.starts_with("/api/"))) {
      return manners_.is_gated ? refuse(401, "GatedRepo") : refuse(401, "RepoNotFound");
    }
    for (const auto& [name, files] : repositories_) {
      const std::string api = "/api/models/" + name;
      const std::string revision = manners_.is_simple ? "main" : commit_;
      const std::string description = manners_.is_simple ? api : api + "/revision/main";
      if (path == description) return {.body = R"({"id": ")" + name + R"(", "sha": ")" + commit_ + "\"}"};
      if (path == api + "/tree/" + revision) return tree(question.target, api, files);
      const std::string resolve = "/" + name + "/resolve/" + revision + "/";
      if (!path.starts_with(resolve)) continue;
      const auto found = files.find(store::percent_decoded(path.substr(resolve.size())).value_or(""));
      if (found != files.end()) return resolved(name + "/" + found->first, found->second, question);
      return refuse(404, "EntryNotFound");
    }
    return refuse(404, "RepoNotFound");
  }

  // The hub takes repositories in any case.
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
    if (manners_.endless_pages) return {.fields = {{"Link", "<" + target + ">; rel=\"next\""}}, .body = "[]"};
    std::string list = R"({"type": "directory", "oid": "d", "size": 0, "path": "folder"})";
    std::size_t number = 0;
    for (const auto& [path, file] : files) {
      const std::size_t at = number++;
      if (at < first || at >= first + manners_.files_a_page) continue;
      list += R"(, {"type": "file", "oid": "0", "size": )" + std::to_string(file.listed_size) + R"(, "path": ")" + path;
      list += manners_.tells_sums ? R"(", "lfs": {"oid": ")" + file.listed_sha256 + "\"}}" : "\"}";
    }
    answer.body = "[" + list + "]";
    if (number > first + manners_.files_a_page) {
      const std::string next = hub_.url() + api + "/tree/" + commit_ +
                               "?recursive=true&cursor=" + std::to_string(first + manners_.files_a_page);
      answer.fields = {{"Link", "<" + next + ">; rel=\"next\""}};
    }
    return answer;
  }

  HttpAnswer resolved(const std::string& name, const HubFile& file, const HttpQuestion& question) {
    if (!manners_.endless_redirect.empty()) return {.status = 302, .fields = {{"Location", manners_.endless_redirect}}};
    if (!manners_.sends_elsewhere) return content(file, question);
    HttpAnswer answer{.status = 302};
    answer.fields = {{"Location", elsewhere_.url() + "/" + store::percent_encoded(name) + "?Signature=SECRET" +
                                      std::to_string(++signatures_)},
                     {"X-Repo-Commit", commit_}};
    if (manners_.tells_sums) answer.fields.emplace_back("X-Linked-Etag", "\"" + file.listed_sha256 + "\"");
    return answer;
  }

  HttpAnswer answer_elsewhere(const HttpQuestion& question) {
    const std::lock_guard lock(mutex_);
    const std::size_t signature = question.target.find("SECRET");
    if (signature == std::string::npos || ++uses_[question.target.substr(signature)] > manners_.signatures_last) {
      return {.status = 403};
    }
    const std::string encoded = question.target.substr(1, question.target.find('?') - 1);
    const std::string path = store::percent_decoded(encoded).value_or("");
    for (const auto& [name, files] : repositories_) {
      if (!path.starts_with(name + "/")) continue;
      const auto found = files.find(path.substr(name.size() + 1));
      if (found != files.end()) return content(found->second, question);
    }
    return {.status = 404};
  }

  HttpAnswer content(const HubFile& file, const HttpQuestion& question) {
    const auto range = question.fields.find("range");
    // The first byte alone is only a look at the file.
    const bool is_look = range != question.fields.end() && range->second == "bytes=0-0";
    if (!is_look && manners_.failures > 0) {
      --manners_.failures;
      HttpAnswer failure{.status = manners_.failure_status};
      if (!manners_.retry_after.empty()) failure.fields = {{"Retry-After", manners_.retry_after}};
      return failure;
    }
    HttpAnswer answer{.fields = {{"ETag", manners_.etag}}};
    answer.bytes_per_second = manners_.bytes_per_second;
    if (!is_look) answer.dropped_after = manners_.dropped_after;
    if (!is_look && manners_.stalls_after < SIZE_MAX) {
      answer.dropped_after = std::exchange(manners_.stalls_after, SIZE_MAX);
      answer.stalls = true;
    }
    const auto if_range = question.fields.find("if-range");
    const bool is_other = if_range != question.fields.end() && if_range->second != manners_.etag;
    if (!manners_.has_ranges || range == question.fields.end() || is_other) {
      answer.body = file.content;
      answer.has_length = manners_.tells_lengths;
      return answer;
    }
    const std::string& text = range->second;
    const std::size_t begin = std::stoul(text.substr(6));
    const std::size_t most = std::min(file.content.size() - begin, manners_.most_at_a_time);
    const std::size_t last = std::min(std::stoul(text.substr(text.find('-') + 1)), begin + most - 1);
    answer.status = 206;
    answer.fields.emplace_back("Content-Range", "bytes " + std::to_string(begin) + "-" + std::to_string(last) + "/" +
                                                    std::to_string(file.content.size()));
    answer.body = file.content.substr(begin, last - begin + 1);
    return answer;
  }

  std::mutex mutex_;
  HubManners manners_;
  std::string commit_ = "0123456789abcdef0123456789abcdef01234567";
  std::map<std::string, std::map<std::string, HubFile>> repositories_;
  int signatures_ = 0;
  std::map<std::string, int> uses_;  // of each signature
  HttpServer hub_;
  HttpServer elsewhere_;
};

}  // namespace rocmforge::testing
