// The results of `focus doctor`: one line per check.
// Always holds: no line contains a secret.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace focus::app::doctor {

enum class Verdict { ok, warn, fail };
[[nodiscard]] std::string_view to_string(Verdict verdict) noexcept;

struct Finding {
    Verdict verdict = Verdict::ok;
    std::string name;
    std::string detail;
};

class Findings {
  public:
    void ok(std::string_view name, std::string detail) { add(Verdict::ok, name, std::move(detail)); }
    void warn(std::string_view name, std::string detail) { add(Verdict::warn, name, std::move(detail)); }
    void fail(std::string_view name, std::string detail) { add(Verdict::fail, name, std::move(detail)); }

    [[nodiscard]] const std::vector<Finding>& all() const noexcept { return all_; }
    [[nodiscard]] bool has_failed() const noexcept;
    /// One line per check: `ok|warn|fail  name  detail`.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string json() const;

  private:
    void add(Verdict verdict, std::string_view name, std::string detail);

    std::vector<Finding> all_;
};

} // namespace focus::app::doctor
