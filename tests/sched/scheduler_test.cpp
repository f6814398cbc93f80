// Tests which sequences compute in the next step, in a simulation without a model.
#include <map>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "sched/scheduler.h"

namespace rocmforge::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Scheduler with(int sequences, int step_tokens) { return Scheduler(BatchLimits{sequences, step_tokens}); }

void add_and_admit(Scheduler& scheduler, RequestId id, int tokens) {
  scheduler.add(id);
  ASSERT_EQ(scheduler.admit(), id);
  scheduler.catch_up(id, tokens);
}

TEST(Scheduler, CutsAPromptIntoSteps) {
  Scheduler scheduler = with(1, 10);
  add_and_admit(scheduler, 7, 25);
  EXPECT_THAT(scheduler.plan(), ElementsAre(PlannedRequest{7, 10}));
  scheduler.computed(7, 10);
  scheduler.computed(7, 10);
  EXPECT_THAT(scheduler.plan(), ElementsAre(PlannedRequest{7, 5}));
  scheduler.computed(7, 5);
  EXPECT_THAT(scheduler.plan(), IsEmpty());
  EXPECT_FALSE(scheduler.is_idle());
}

// A long prompt must not stall the other users' answers.
TEST(Scheduler, ServesAnswersBeforePrompts) {
  Scheduler scheduler = with(3, 10);
  add_and_admit(scheduler, 1, 100);
  add_and_admit(scheduler, 2, 1);
  add_and_admit(scheduler, 3, 1);
  EXPECT_THAT(scheduler.plan(), ElementsAre(PlannedRequest{2, 1}, PlannedRequest{3, 1}, PlannedRequest{1, 8}));
}

TEST(Scheduler, LetsPromptsShareAStep) {
  Scheduler scheduler = with(3, 12);
  add_and_admit(scheduler, 1, 100);
  add_and_admit(scheduler, 2, 2);
  add_and_admit(scheduler, 3, 100);
  EXPECT_THAT(scheduler.plan(), ElementsAre(PlannedRequest{1, 4}, PlannedRequest{2, 2}, PlannedRequest{3, 6}));
  scheduler.computed(3, 100);
  EXPECT_THAT(scheduler.plan(), ElementsAre(PlannedRequest{1, 10}, PlannedRequest{2, 2})) << "nothing is left over";
}

TEST(Scheduler, AdmitsInTheOrderOfArrivalAsPlacesBecomeFree) {
  Scheduler scheduler = with(2, 10);
  for (const RequestId id : {1, 2, 3, 4}) scheduler.add(id);
  EXPECT_EQ(scheduler.admit(), 1);
  EXPECT_EQ(scheduler.admit(), 2);
  EXPECT_EQ(scheduler.admit(), std::nullopt);
  scheduler.remove(3);  // cancelled while it waited
  scheduler.remove(1);
  EXPECT_EQ(scheduler.admit(), 4);
  scheduler.remove(2);
  EXPECT_EQ(scheduler.admit(), std::nullopt);
  EXPECT_FALSE(scheduler.is_idle());
  scheduler.remove(4);
  EXPECT_TRUE(scheduler.is_idle());
}

// For any requests, all their tokens are computed, no step exceeds its limit, and no step is empty while there is work.
TEST(Scheduler, ComputesEveryTokenOnce) {
  EXPECT_TRUE(rc::check([] {
    const int sequences = *rc::gen::inRange(1, 5);
    const int step_tokens = sequences + *rc::gen::inRange(0, 20);
    const auto sizes = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 60)));
    Scheduler scheduler = with(sequences, step_tokens);
    for (std::size_t i = 0; i < sizes.size(); ++i) scheduler.add(static_cast<RequestId>(i));
    std::map<RequestId, int> done;
    while (!scheduler.is_idle()) {
      while (const auto id = scheduler.admit()) scheduler.catch_up(*id, sizes[static_cast<std::size_t>(*id)]);
      int tokens = 0;
      std::vector<PlannedRequest> plan(scheduler.plan().begin(), scheduler.plan().end());
      RC_ASSERT(!plan.empty());
      for (const PlannedRequest& planned : plan) {
        tokens += planned.tokens;
        done[planned.id] += planned.tokens;
        scheduler.computed(planned.id, planned.tokens);
        if (scheduler.tokens_to_catch_up(planned.id) == 0) scheduler.remove(planned.id);
      }
      RC_ASSERT(tokens <= step_tokens);
    }
    for (std::size_t i = 0; i < sizes.size(); ++i) RC_ASSERT(done[i] == sizes[i]);
  }));
}

}  // namespace
}  // namespace rocmforge::sched
