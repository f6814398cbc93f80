// Tests the thread pool: every index runs once, and errors, pauses and shutdown are handled.
#include "base/thread_pool.h"

#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <new>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace rocmforge {
namespace {

class ThreadPoolOfSize : public ::testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(Sizes, ThreadPoolOfSize, ::testing::Values(1, 2, 3, 8, 33),
                         [](const auto& instance) { return std::to_string(instance.param); });

// A row that is computed twice or not at all gives a wrong token.
TEST_P(ThreadPoolOfSize, DoesEveryIndexOnce) {
  ThreadPool pool(GetParam());
  EXPECT_EQ(pool.size(), GetParam());
  for (const std::size_t count : {0, 1, 2, 7, 100, 1000}) {
    std::vector<int> done(count, 0);
    pool.parallel_for(count, [&](std::size_t index) { ++done[index]; });
    EXPECT_EQ(done, std::vector<int>(count, 1));
  }
}

// A step of a model is hundreds of small operations, one right after the other: each must see what the one before
// wrote.
TEST_P(ThreadPoolOfSize, RunsOperationAfterOperation) {
  ThreadPool pool(GetParam());
  std::vector<int> values(64, 0);
  const int rounds = 2000;
  for (int round = 0; round < rounds; ++round) {
    pool.parallel_for(values.size(), [&](std::size_t index) {
      const std::size_t neighbour = (index + static_cast<std::size_t>(round)) % values.size();
      values[neighbour] += 1;
    });
  }
  EXPECT_EQ(values, std::vector<int>(64, rounds));
}

// Scratch memory belongs to a thread, so two concurrent tasks must never get the same thread number.
TEST_P(ThreadPoolOfSize, TellsTheTaskItsThread) {
  ThreadPool pool(GetParam());
  std::vector<std::atomic<int>> inside(static_cast<std::size_t>(GetParam()));
  std::atomic<int> clashes = 0;
  pool.parallel_for(500, [&](std::size_t, int thread) {
    if (inside[static_cast<std::size_t>(thread)].fetch_add(1) != 0) ++clashes;
    inside[static_cast<std::size_t>(thread)].fetch_sub(1);
  });
  EXPECT_EQ(clashes, 0);
}

// The threads of for_each_thread may wait for each other, so all must be there at once.
TEST_P(ThreadPoolOfSize, RunsOnEveryThreadAtTheSameTime) {
  ThreadPool pool(GetParam());
  for (int round = 0; round < 50; ++round) {
    std::barrier everybody(GetParam());
    std::vector<std::thread::id> ids(static_cast<std::size_t>(GetParam()));
    pool.for_each_thread([&](int thread) {
      everybody.arrive_and_wait();
      ids[static_cast<std::size_t>(thread)] = std::this_thread::get_id();
    });
    EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), ids.size());
    EXPECT_EQ(ids[0], std::this_thread::get_id());
  }
}

// A failure in a task must reach the engine's step as an error, and the pool must remain usable.
TEST_P(ThreadPoolOfSize, HandsAnExceptionToTheCaller) {
  ThreadPool pool(GetParam());
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> begun = 0;
    const auto task = [&](std::size_t index) {
      ++begun;
      if (index == 3) throw std::runtime_error("task 3");
    };
    EXPECT_THROW(pool.parallel_for(100000, task), std::runtime_error);
    // With several threads, the others may finish all remaining work before the exception is noticed.
    if (GetParam() == 1) {
      EXPECT_EQ(begun, 4);
    }
    EXPECT_THROW(pool.for_each_thread([](int thread) { throw std::out_of_range(std::to_string(thread)); }),
                 std::out_of_range);
    std::atomic<int> sum = 0;
    pool.parallel_for(10, [&](std::size_t index) { sum += static_cast<int>(index); });
    EXPECT_EQ(sum, 45);
  }
}

// An error must not be reported only after minutes of work that nobody needs any more.
TEST(ThreadPool, SkipsWhatHasNotBegunWhenATaskFails) {
  ThreadPool pool(2);
  constexpr std::size_t kCount = 10'000'000;
  std::atomic<std::size_t> begun = 0;
  const auto task = [&](std::size_t index) {
    ++begun;
    while (index < 2 && begun < 2) std::this_thread::yield();  // until both threads are busy
    if (index == 0) throw std::runtime_error("task 0");
  };
  EXPECT_THROW(pool.parallel_for(kCount, task), std::runtime_error);
  EXPECT_LT(begun, kCount);
}

// After a pause the threads sleep, and must wake up again.
TEST(ThreadPool, WakesUpAfterAPause) {
  ThreadPool pool(4);
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::atomic<int> count = 0;
    pool.for_each_thread([&](int) { ++count; });
    EXPECT_EQ(count, 4);
  }
}

// A thread that the system delays must not delay the others' work.
TEST(ThreadPool, SpreadsWorkToWhoeverIsFree) {
  ThreadPool pool(2);
  std::atomic<int> others = 0;
  pool.parallel_for(100, [&](std::size_t index) {
    if (index != 0) ++others;
    while (index == 0 && others < 99) std::this_thread::yield();
  });
  EXPECT_EQ(others, 99);
}

// A task that calls its own pool would wait forever.
TEST(ThreadPool, RefusesToBeCalledFromItsOwnTask) {
  ThreadPool pool(2);
  EXPECT_ERROR(pool.parallel_for(4, [&](std::size_t) { pool.parallel_for(4, [](std::size_t) {}); }), "busy_");
}

TEST(ThreadPool, NeedsAThread) { EXPECT_ERROR(ThreadPool(0), "0 threads, expected at least 1"); }

// Starting and stopping must not race, however short the pool's life.
TEST(ThreadPool, EndsAtAnyMoment) {
  for (int round = 0; round < 200; ++round) {
    ThreadPool pool(3);
    if (round % 2 == 0) pool.parallel_for(3, [](std::size_t) {});
  }
}

}  // namespace
}  // namespace rocmforge
