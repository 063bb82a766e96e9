#include "core/base/fold.hpp"

#include <gtest/gtest.h>

namespace focus {
namespace {

TEST(FoldCase, MakesSpellingsThatDifferOnlyInCaseEqual) {
    EXPECT_EQ(fold_case("InstaGRAM"), "instagram");
    EXPECT_EQ(fold_case("ÉCOUTER Ναι Привет"), "écouter ναι привет");
    EXPECT_EQ(fold_case("微信 😀"), "微信 😀");
    EXPECT_EQ(fold_case(""), "");
}

TEST(CutUtf8, NeverSplitsACharacter) {
    EXPECT_EQ(cut_utf8("été", 10), "été");
    EXPECT_EQ(cut_utf8("été", 4), "ét");
    EXPECT_EQ(cut_utf8("😀", 3), "");
}

TEST(LikePatterns, TakeWildcardsLiterally) {
    EXPECT_EQ(like_contains("50%_!"), "%50!%!_!!%");
    EXPECT_EQ(like_prefix("a_b"), "a!_b%");
}

} // namespace
} // namespace focus
