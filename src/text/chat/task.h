// Defines the coroutine type of the parsers. A parser is written as if all of its input were available, and waits where
// it is not. A task starts at once and gives its value to its caller, which is also a coroutine.
//
// Most tasks finish without waiting, and then there is no switch of coroutines, so the stack does not grow with the
// length of the input.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace rocmforge::text {

template <typename T>
class [[nodiscard]] Task {
 public:
  struct Promise;
  using promise_type = Promise;  // the language requires this name
  using Handle = std::coroutine_handle<Promise>;

  // Resumes the caller, if it is waiting, when this task ends.
  struct ResumeCaller {
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(Handle handle) const noexcept {
      const std::coroutine_handle<> caller = handle.promise().caller;
      return caller ? caller : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  struct Promise {
    std::coroutine_handle<> caller;
    std::optional<T> value;
    std::exception_ptr failure;

    Task get_return_object() { return Task(Handle::from_promise(*this)); }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    ResumeCaller final_suspend() const noexcept { return {}; }
    void return_value(T result) { value = std::move(result); }
    void unhandled_exception() { failure = std::current_exception(); }
  };

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const { return handle_.done(); }
  void await_suspend(std::coroutine_handle<> caller) const { handle_.promise().caller = caller; }
  T await_resume() const { return result(); }

  bool done() const { return handle_.done(); }
  T result() const {
    if (handle_.promise().failure) std::rethrow_exception(handle_.promise().failure);
    return std::move(*handle_.promise().value);
  }

 private:
  Handle handle_;
};

}  // namespace rocmforge::text
