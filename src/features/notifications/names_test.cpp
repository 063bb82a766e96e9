#include "features/notifications/names.hpp"

#include "core/json/json.hpp"
#include "features/notifications/types.hpp"

#include <gmock/gmock.h>

namespace focus::notifications::names {
namespace {

TEST(NotificationNames, marks_become_the_names_that_are_known_when_they_are_read) {
    const auto text = "Walk: " + mark_of(7) + " beats " + mark_of(8);
    std::set<std::int64_t> ids;
    collect(text, ids);
    EXPECT_THAT(ids, ::testing::ElementsAre(7, 8));
    EXPECT_EQ(names::fill(text, {{7, "ada"}}, Language::en), "Walk: ada beats deleted user");
    EXPECT_EQ(names::fill(text, {}, Language::fr), "Walk: compte supprimé beats compte supprimé");
    EXPECT_EQ(names::fill("no mark", {{7, "ada"}}, Language::en), "no mark");
}

TEST(NotificationNames, marks_in_json_as_well) {
    const auto data = json::write(std::map<std::string, std::string>{{"username", mark_of(7)}, {"other", "x"}});
    std::set<std::int64_t> ids;
    collect(data, ids);
    EXPECT_THAT(ids, ::testing::ElementsAre(7));
    EXPECT_EQ(names::fill(data, {{7, "ada"}}, Language::en), R"({"other":"x","username":"ada"})");
}

TEST(NotificationNames, a_mark_that_was_cut_is_left_out) {
    EXPECT_EQ(names::fill("abc \x1f"
                          "12",
                          {{12, "ada"}}, Language::en),
              "abc ");
}

} // namespace
} // namespace focus::notifications::names
