// config.json: what a checkpoint says of its model. The language model's part of a composed one counts first.
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

  // The class that `architectures` names.
  const std::string& model_class() const { return class_; }

  // Lives as long as the list that it is made of.
  class Names {
   public:
    Names(std::initializer_list<std::string_view> names) : names_(names.begin(), names.size()) {}
    explicit Names(std::span<const std::string_view> names) : names_(names) {}
    auto begin() const { return names_.begin(); }
    auto end() const { return names_.end(); }

   private:
    std::span<const std::string_view> names_;
  };

  // Each by the first of the names that is there and not null; dots lead into objects ("rope_scaling.factor"). What is
  // there with another type is an Error.
  std::optional<std::uint32_t> count(Names names) const;
  std::optional<std::uint32_t> count_if_single(Names names) const;  // nothing for a list, one number a layer
  std::optional<float> number(Names names) const;
  std::optional<bool> flag(Names names) const;
  std::optional<std::string> text(Names names) const;
  std::optional<std::vector<std::int32_t>> counts(Names names) const;
  std::optional<std::vector<float>> numbers(Names names) const;
  std::optional<std::vector<std::string>> texts(Names names) const;
  bool has(std::string_view name) const { return find({name}) != nullptr; }

  // An Error when there is none.
  std::uint32_t required_count(Names names) const;

  // The value itself; nullptr when there is none.
  const nlohmann::json* find(Names names) const;

 private:
  [[noreturn]] void wrong(Names names, std::string_view expected) const;

  std::string path_;
  std::string class_;
  std::unique_ptr<nlohmann::json> root_;
};

}  // namespace rocmforge::convert
