// A small HTTP/1.1 server on this machine for tests of downloads, which misbehaves as a test requires.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/file_descriptor.h"

namespace rocmforge::testing {

struct ReceivedRequest {
  std::string host;  // the server's own address and port
  std::string target;
  std::map<std::string, std::string> fields;  // names in lower case
};

struct HttpAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string body = {};
  std::size_t dropped_after = SIZE_MAX;  // the connection closes after this many bytes of the body
  std::size_t bytes_per_second = 0;      // 0 means unlimited
  bool has_length = true;                // whether the response has Content-Length
  bool stalls = false;                   // at dropped_after, stay silent instead of closing the connection
};

class HttpServer {
 public:
  using Handler = std::function<HttpAnswer(const ReceivedRequest&)>;

  HttpServer(const char* address, Handler handler)
      : handler_(std::move(handler)), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    inet_pton(AF_INET, address, &place.sin_addr);
    socklen_t size = sizeof place;
    auto* const name = reinterpret_cast<sockaddr*>(&place);
    if (bind(socket_.get(), name, size) != 0 || listen(socket_.get(), 64) != 0 ||
        getsockname(socket_.get(), name, &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    host_ = std::string(address) + ":" + std::to_string(ntohs(place.sin_port));
    accepting_ = std::thread([this] { accept_all(); });
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer() {
    stopping_ = true;
    accepting_.join();
    for (std::thread& connection : connections_) connection.join();
  }

  const std::string& host() const { return host_; }
  std::string url() const { return "http://" + host_; }
  // Sends no more than this number of body bytes in all, and holds the connections from there on until more are
  // allowed.
  void allow(std::uint64_t bytes) { allowed_ = bytes; }
  // Returns the number of body bytes handed to the network.
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  std::vector<ReceivedRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  static bool is_readable(int socket) {
    pollfd waiting = {socket, POLLIN, 0};
    return poll(&waiting, 1, 20) > 0;
  }

  void accept_all() {
    while (!stopping_) {
      if (!is_readable(socket_.get())) continue;
      const int connection = accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (connection >= 0) connections_.emplace_back([this, connection] { serve(FileDescriptor(connection)); });
    }
  }

  void serve(const FileDescriptor& connection) {
    // Keeps little data in flight, so that most bytes counted as sent have been received when the other side is killed.
    const int small = 32768;
    setsockopt(connection.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    const int at_once = 1;
    setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    std::string received;
    for (;;) {
      const std::size_t end = received.find("\r\n\r\n");
      if (end == std::string::npos) {
        if (stopping_) return;
        if (!is_readable(connection.get())) continue;
        char bytes[4096];
        const ssize_t count = recv(connection.get(), bytes, sizeof bytes, 0);
        if (count <= 0) return;
        received.append(bytes, static_cast<std::size_t>(count));
        continue;
      }
      const ReceivedRequest request = parse(received.substr(0, end));
      received.erase(0, end + 4);
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      if (!send_answer(connection.get(), handler_(request))) return;
    }
  }

  ReceivedRequest parse(const std::string& head) const {
    ReceivedRequest request{host_, {}, {}};
    const std::size_t first_space = head.find(' ');
    request.target = head.substr(first_space + 1, head.find(' ', first_space + 1) - first_space - 1);
    // As a proxy, this server ignores the requested host and answers itself.
    if (request.target.starts_with("http://")) request.target.erase(0, request.target.find('/', 7));
    for (std::size_t line = head.find("\r\n"); line != std::string::npos; line = head.find("\r\n", line + 2)) {
      const std::string text = head.substr(line + 2, head.find("\r\n", line + 2) - line - 2);
      const std::size_t colon = text.find(':');
      if (colon == std::string::npos) continue;
      std::string name = text.substr(0, colon);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      request.fields[name] = text.substr(std::min(text.find_first_not_of(" ", colon + 1), text.size()));
    }
    return request;
  }

  bool send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  bool send_answer(int socket, const HttpAnswer& answer) {
    std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " Because\r\n";
    for (const auto& [name, value] : answer.fields) head += name + ": " + value + "\r\n";
    if (answer.has_length) head += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
    if (!send_all(socket, head + "\r\n")) return false;
    const std::size_t wanted = std::min(answer.body.size(), answer.dropped_after);
    constexpr std::size_t kTicks = 50;  // per second
    const std::size_t at_a_time =
        answer.bytes_per_second == 0 ? 65536 : std::max<std::size_t>(answer.bytes_per_second / kTicks, 1);
    auto next = std::chrono::steady_clock::now();
    for (std::size_t done = 0; done < wanted && !stopping_; done += at_a_time) {
      while (!stopping_ && bytes_sent_ >= allowed_) {
        if (is_readable(socket)) return false;  // the client has gone
      }
      const std::string_view piece = std::string_view(answer.body).substr(done, std::min(at_a_time, wanted - done));
      if (!send_all(socket, piece)) return false;
      bytes_sent_ += piece.size();
      if (answer.bytes_per_second == 0) continue;
      next += std::chrono::milliseconds(1000 / kTicks);
      std::this_thread::sleep_until(next);
    }
    if (wanted < answer.body.size() && answer.stalls) {
      while (!stopping_ && !is_readable(socket)) continue;
    }
    return wanted == answer.body.size() && answer.has_length;
  }

  Handler handler_;
  FileDescriptor socket_;
  std::string host_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> bytes_sent_ = 0;
  std::atomic<std::uint64_t> allowed_ = UINT64_MAX;
  mutable std::mutex mutex_;
  std::vector<ReceivedRequest> requests_;
  std::vector<std::thread> connections_;  // used only by the accepting thread
  std::thread accepting_;
};

}  // namespace rocmforge::testing
