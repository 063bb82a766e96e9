// Reports on a user over all modules: the user's statistics, and all stored data about the user as one file.
#pragma once

#include "core/core.hpp"
#include "core/db/database.hpp"
#include "core/personal/personal.hpp"
#include "features/activities/service.hpp"
#include "features/challenges/service.hpp"
#include "features/reports/types.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace focus::reports {

class Service {
  public:
    Service(const Core& core, activities::Service& activities) : db_{core.database}, clock_{core.clock}, activities_{activities} {}

    db::Task<UserStats> stats(Caller caller);

    /// Each call of the source returns the next part of a JSON object with a member per section, in constant memory.
    using Source = std::function<db::Task<std::optional<std::string>>()>;
    [[nodiscard]] Source export_all(const Caller& caller);

    /// A module's part of the export; wired before the server starts.
    void add_section(personal::Section section);

  private:
    db::Database& db_;
    const Clock& clock_;
    activities::Service& activities_;
    std::shared_ptr<std::vector<personal::Section>> sections_ = std::make_shared<std::vector<personal::Section>>();
};

} // namespace focus::reports
