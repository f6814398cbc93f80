#include "store/download.h"

#include <algorithm>
#include <map>
#include <memory>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "gguf/foreign_file.h"
#include "store/sha256.h"

namespace rocmforge::store {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

// Each request costs a round trip, but with long requests the end of the download waits for the slowest connection.
constexpr std::uint64_t kLeastPiece = std::uint64_t{1} << 20;
constexpr std::uint64_t kLargestPiece = std::uint64_t{64} << 20;
constexpr int kMostFruitlessSearches = 4;
constexpr milliseconds kBetweenLooks{50};

// The part of the file that one request fetches.
struct Piece {
  ByteRange range;
  std::uint64_t at = 0;  // where the next byte is written
  HttpHead head = {};
};

class Fetcher {
 public:
  Fetcher(Web& web, PartialFile& partial, const Download& download)
      : web_(web),
        partial_(partial),
        download_(download),
        client_(web.options().times),
        backoff_(web.options().retry),
        connections_(static_cast<std::size_t>(std::max(1, download.connections))) {}

  std::string run();

 private:
  void find();
  bool fetch_pieces();
  void start_pieces();
  void start(ByteRange range);
  bool take_head(Piece& piece, const HttpHead& head);
  bool take_data(Piece& piece, std::span<const std::byte> data);
  void write_missing(std::uint64_t offset, std::span<const std::byte> data);
  void settle(const Piece& piece, const HttpEnd& end);
  void fail(const std::string& reason, std::optional<std::chrono::seconds> asked);
  void search_again(const Url& url, const HttpHead& head);
  void report() const;
  std::string finish_sum();
  void check(const std::string& sum) const;

  bool is_complete() const { return partial_.there().total() == remote_->size; }

  Web& web_;
  PartialFile& partial_;
  const Download& download_;
  HttpClient client_;
  Backoff backoff_;
  std::size_t connections_;
  std::optional<RemoteFile> remote_;
  std::string sha256_;  // the expected hash; empty if unknown
  std::optional<FollowingSum> sum_;
  std::map<int, std::shared_ptr<Piece>> pieces_;  // by transfer number
  bool must_search_ = false;
  int fruitless_searches_ = 0;
  Clock::time_point not_before_;
  std::string last_problem_;
};

std::string Fetcher::run() {
  try {
    do {
      find();
    } while (!fetch_pieces());
  } catch (const Error&) {
    partial_.keep_if_worth();
    throw;
  }
  partial_.note();
  const std::string sum = finish_sum();
  check(sum);
  return sum;
}

// Finds the current address of the file; signed addresses expire.
void Fetcher::find() {
  remote_ = web_.find(download_.url, download_.expected_size);
  if (download_.expected_size && *download_.expected_size != remote_->size) {
    throw error(ErrorCode::kIo, "{}: {} has {}, expected {}", download_.name, remote_->url.shown(),
                format_exact_bytes(remote_->size), format_exact_bytes(*download_.expected_size));
  }
  sha256_ = download_.expected_sha256.empty() ? remote_->sha256 : download_.expected_sha256;
  // Without a hash or validator it is unknown whether two pieces are of the same file.
  if (sha256_.empty() && remote_->validator.empty()) remote_->has_ranges = false;
  sum_.reset();
  partial_.expect({remote_->size, sha256_, remote_->validator});
  // With a hash, the present bytes are either of this file or rejected at the end.
  if (!remote_->has_ranges && sha256_.empty() && !is_complete()) partial_.start_over();
  sum_.emplace(partial_.file());
  sum_->advance(partial_.there().prefix());
  must_search_ = false;
}

// Returns false if the address of the file must be looked up again.
bool Fetcher::fetch_pieces() {
  while (!is_complete()) {
    web_.check_cancelled();
    const bool may_start = Clock::now() >= not_before_;
    if (must_search_ && pieces_.empty()) {
      if (!may_start) web_.pause(last_problem_, std::chrono::ceil<milliseconds>(not_before_ - Clock::now()));
      return false;
    }
    if (may_start && !must_search_) start_pieces();
    if (pieces_.empty()) std::this_thread::sleep_for(kBetweenLooks);
    for (const HttpEnd& end : client_.wait(kBetweenLooks)) {
      const std::shared_ptr<Piece> piece = pieces_.at(end.transfer);
      pieces_.erase(end.transfer);
      settle(*piece, end);
    }
    partial_.note_when_due();
    sum_->advance(partial_.there().prefix());
    report();
  }
  return true;
}

void Fetcher::start_pieces() {
  if (!remote_->has_ranges) {
    if (pieces_.empty()) start({0, remote_->size});
    return;
  }
  while (pieces_.size() < connections_) {
    ByteRanges taken = partial_.there();
    for (const auto& [transfer, piece] : pieces_) taken.add({piece->at, piece->range.end});
    const std::vector<ByteRange> gaps = taken.missing(remote_->size);
    if (gaps.empty()) return;
    ByteRange range = gaps.front();
    const std::uint64_t share = (remote_->size - taken.total()) / (2 * connections_);
    range.end = std::min(range.end, range.begin + std::clamp(share, kLeastPiece, kLargestPiece));
    start(range);
  }
}

void Fetcher::start(ByteRange range) {
  HttpRequest request{remote_->url, web_.token_for(remote_->url), {}, {}};
  if (remote_->has_ranges) request.range = range;
  // If there is a checksum to verify the whole, if_range is not needed: two servers behind one name may give the file
  // different validators.
  if (remote_->has_ranges && sha256_.empty()) request.if_range = remote_->validator;
  const auto piece = std::make_shared<Piece>(Piece{range, range.begin});
  HttpReceiver receiver;
  receiver.on_head = [this, piece](const HttpHead& head) { return take_head(*piece, head); };
  receiver.on_data = [this, piece](std::span<const std::byte> data) { return take_data(*piece, data); };
  pieces_.emplace(client_.start(request, std::move(receiver)), piece);
}

bool Fetcher::take_head(Piece& piece, const HttpHead& head) {
  piece.head = head;
  if (!remote_->has_ranges) return head.status == 200;
  if (head.status != 206) return false;
  const auto range = parse_content_range(head.field("content-range"));
  if (!range || range->total != remote_->size) return false;
  // A server may send less than was requested; another request fetches the rest.
  if (range->range.begin != piece.range.begin || range->range.end > piece.range.end) return false;
  piece.range.end = range->range.end;
  return true;
}

bool Fetcher::take_data(Piece& piece, std::span<const std::byte> data) {
  if (data.size() > piece.range.end - piece.at) return false;  // more than was requested
  if (remote_->has_ranges) {
    partial_.write(piece.at, data);
  } else {
    write_missing(piece.at, data);
  }
  piece.at += data.size();
  // Without ranges the whole file is fetched again after a failure, so this is not progress.
  if (remote_->has_ranges) {
    backoff_.reset();
    fruitless_searches_ = 0;
  }
  return true;
}

// Writes the missing parts from a response with the whole file, which a server without ranges sends. Present bytes are
// unchanged.
void Fetcher::write_missing(std::uint64_t offset, std::span<const std::byte> data) {
  for (const ByteRange& gap : partial_.there().missing(remote_->size)) {
    const std::uint64_t begin = std::max(gap.begin, offset);
    const std::uint64_t end = std::min(gap.end, offset + data.size());
    if (begin < end) partial_.write(begin, data.subspan(begin - offset, end - begin));
  }
}

void Fetcher::settle(const Piece& piece, const HttpEnd& end) {
  if (piece.at == piece.range.end) return;
  if (is_passing(piece.head.status)) {
    if (piece.head.status == 429 && Clock::now() >= not_before_)
      connections_ = std::max<std::size_t>(1, connections_ / 2);
    return fail(describe(piece.head), asked_wait(piece.head));
  }
  if (!end.problem.empty()) return fail(end.problem, {});
  const bool has_right_status = piece.head.status == (remote_->has_ranges ? 206 : 200);
  if (has_right_status && !end.was_stopped) return fail("the connection ended early", {});
  search_again(remote_->url, piece.head);
}

void Fetcher::fail(const std::string& reason, std::optional<std::chrono::seconds> asked) {
  log::debug("{}: {}", download_.name, reason);
  if (!remote_->has_ranges) must_search_ = true;  // and start over
  // Failures of several connections at the same time count as one, but one of them may be asked to wait longer.
  const auto now = Clock::now();
  if (now < not_before_ && asked.value_or(0s) <= web_.options().retry.longest_asked) {
    not_before_ = std::max(not_before_, now + asked.value_or(0s));
    return;
  }
  const auto wait = backoff_.next(asked);
  if (!wait) {
    const std::string when = asked ? fmt::format("; the server asks to wait {} s", asked->count()) : "";
    throw Error(ErrorCode::kIo, fmt::format("{}: {}{}", remote_->url.shown(), reason, when),
                "what was fetched is kept; the same command goes on from there");
  }
  last_problem_ = fmt::format("{}: {}", remote_->url.host(), reason);
  not_before_ = std::max(not_before_, now + *wait);
}

// Handles a signed address that has expired, or a file that has changed during the download.
void Fetcher::search_again(const Url& url, const HttpHead& head) {
  // Failures of several connections at the same time count as one, and connections that still receive data may finish.
  if (std::exchange(must_search_, true)) return;
  if (++fruitless_searches_ < kMostFruitlessSearches) return;
  if (head.status >= 400) throw web_.refusal(url, head);
  throw error(ErrorCode::kIo, "{}: does not send what it was asked for (HTTP {}, Content-Range '{}')", url.shown(),
              head.status, printable(head.field("content-range")));
}

void Fetcher::report() const {
  if (!download_.on_progress) return;
  download_.on_progress({partial_.there().total(), remote_->size, sum_->summed()});
}

std::string Fetcher::finish_sum() {
  sum_->advance(remote_->size);
  while (sum_->summed() < remote_->size && !sum_->has_failed()) {
    web_.check_cancelled();
    report();
    std::this_thread::sleep_for(milliseconds(10));
  }
  return sum_->finish(remote_->size);
}

// Wrong content is discarded because it cannot be repaired.
void Fetcher::check(const std::string& sum) const {
  if (!sha256_.empty() && sum != sha256_) {
    partial_.discard();
    throw Error(ErrorCode::kMalformed,
                fmt::format("{}: its SHA-256 is {}, expected {}; it was thrown away", download_.name, sum, sha256_),
                "somebody changed it on its way, or the disk did; try again, or from another network");
  }
  const std::string beginning = partial_.beginning();
  if (beginning.starts_with("GGUF")) return;
  partial_.discard();
  throw gguf::not_a_gguf_file(std::as_bytes(std::span(beginning)), download_.name);
}

}  // namespace

std::string fetch(Web& web, PartialFile& partial, const Download& download) {
  return Fetcher(web, partial, download).run();
}

}  // namespace rocmforge::store
