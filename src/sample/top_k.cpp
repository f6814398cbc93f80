// top_k: keeps the k likeliest tokens.
#include "sample/stages.h"

namespace rocmforge::sample {
namespace {

class TopK : public Stage {
 public:
  explicit TopK(int count) : count_(count) {}

  Effect effect() const override { return Effect::kKeepsLikeliest; }
  void apply(Candidates& candidates, Random&) override { candidates.keep_likeliest(count_); }

 private:
  int count_;
};

}  // namespace

std::unique_ptr<Stage> make_top_k(const Settings& settings, int vocabulary) {
  if (settings.top_k <= 0 || settings.top_k >= vocabulary) return nullptr;
  return std::make_unique<TopK>(settings.top_k);
}

}  // namespace rocmforge::sample
