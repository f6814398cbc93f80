// Generates the text of one request: draws a token from each step's logits, converts tokens to text, detects the end,
// and passes everything to the client.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/job.h"
#include "engine/request.h"
#include "engine/seconds.h"
#include "engine/stop_strings.h"
#include "engine/stream.h"
#include "sample/sampler.h"
#include "text/detokenizer.h"
#include "text/tokenizer.h"

namespace rocmforge::engine {

class GenerationJob : public Job {
 public:
  // `runner` describes the model. The tokenizer may be nullptr. Tokenizer and sampling space must outlive the job.
  // Throws Error if the prompt is longer than the context or has a token that the model has no embedding for.
  GenerationJob(Request request, const Runner& runner, const text::Tokenizer* tokenizer,
                sample::Candidates& sampling_space, std::shared_ptr<Stream> stream);

  std::span<const kv::TokenId> tokens() const override { return tokens_; }
  std::span<const kv::TokenId> source() const override { return source_; }
  Wanted wanted(bool at_end) const override { return at_end ? Wanted::kLast : Wanted::kNothing; }
  void begin(int cached) override;
  Next advance(const Runner& runner, int row, int rows) override;
  bool is_cancelled() const override { return stream_->is_cancelled(); }
  void cancelled() override { finish(FinishReason::kCancelled); }
  void fail(const Failure& failure) noexcept override { stream_->fail(failure); }

 private:
  void count_token();
  bool ends_generation(kv::TokenId token) const;
  void append(kv::TokenId token, std::span<const float> logits);
  std::optional<FinishReason> put_text(kv::TokenId token);
  Next make_room();
  void shift();
  void finish(FinishReason reason);

  Request request_;
  const text::Tokenizer* tokenizer_;
  std::shared_ptr<Stream> stream_;
  sample::Candidates& sampling_space_;
  std::size_t context_;
  int vocabulary_;
  std::vector<kv::TokenId> source_;  // the prompt, if an encoder reads it
  std::vector<kv::TokenId> tokens_;
  std::optional<sample::Sampler> sampler_;  // created by begin(), so that waiting requests use no memory for it
  std::optional<text::Detokenizer> detokenizer_;
  StopStrings stop_strings_;

  GenerationStatistics statistics_;
  Clock::time_point submitted_ = Clock::now();
  Clock::time_point begun_;
  Clock::time_point first_token_;

  // Used within a step; members so that their memory is reused.
  std::string piece_;
  std::string text_;
  std::vector<GeneratedToken> news_;
  std::vector<sample::LikelyToken> likeliest_;
};

}  // namespace rocmforge::engine
