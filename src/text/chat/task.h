// A parser written as though its input were all there, which waits where it is not: a coroutine that starts at once and
// gives its caller, also a coroutine, a value when it is done.
//
// Most tasks finish without ever waiting; those cost no switch, so the stack does not grow with the length of the
// input.
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
  using promise_type = Promise;  // the language asks for this name
  using Handle = std::coroutine_handle<Promise>;

  // The caller, if it waits already, goes on where this task ends.
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
