// Reads a checkpoint's config.json. In a composed model, the language model's part takes precedence.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace rocmforge::convert {

class Config {
 public:
  // `path` names the file in messages.
  Config(std::string_view text, std::string path);
  Config(Config&&) noexcept;
  ~Config();

  const std::string& path() const { return path_; }

  // The class of the model, from the key `architectures`.
  const std::string& model_class() const { return class_; }

  // A list of alternative names. It refers to the list it is made from, which must outlive it.
  class Names {
   public:
    Names(std::initializer_list<std::string_view> names) : names_(names.begin(), names.size()) {}
    explicit Names(std::span<const std::string_view> names) : names_(names) {}
    auto begin() const { return names_.begin(); }
    auto end() const { return names_.end(); }

   private:
    std::span<const std::string_view> names_;
  };

  // Each returns the value of the first of the names that is present and not null. Dots lead into objects
  // ("rope_scaling.factor"). Throws Error if the value has another type.
  std::optional<std::uint32_t> count(Names names) const;
  std::optional<std::uint32_t> count_if_single(Names names) const;  // nothing if the value is a list, one per layer
  std::optional<float> number(Names names) const;
  std::optional<bool> flag(Names names) const;
  std::optional<std::string> text(Names names) const;
  std::optional<std::vector<std::int32_t>> counts(Names names) const;
  std::optional<std::vector<float>> numbers(Names names) const;
  std::optional<std::vector<std::string>> texts(Names names) const;
  bool has(std::string_view name) const { return find({name}) != nullptr; }

  // Throws Error if there is no value.
  std::uint32_t required_count(Names names) const;

  // Returns the value itself, or nullptr if there is none.
  const nlohmann::json* find(Names names) const;

 private:
  [[noreturn]] void wrong(Names names, std::string_view expected) const;

  std::string path_;
  std::string class_;
  std::unique_ptr<nlohmann::json> root_;
};

}  // namespace rocmforge::convert
