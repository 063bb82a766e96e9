#include "core/json/mend.hpp"

#include <gtest/gtest.h>

namespace focus::json {
namespace {

std::string mended(std::string_view text, std::size_t most = 1000) {
    const auto result = mend_elements(text, "a", most);
    return result ? result->text : "-";
}

TEST(Mend, TakesOutWhatIsNoJsonByItself) {
    EXPECT_EQ(mended(R"({"a":[1,"\ud83d",2]})"), R"({"a":[1,null,2]})");
    EXPECT_EQ(mended(R"({"x":[{"a":[1]}],"a":[{"b":1e400},{"b":"],\""}],"c":3})"), R"({"x":[{"a":[1]}],"a":[null,{"b":"],\""}],"c":3})");
    EXPECT_EQ(mended(" { \"a\" : [ nonsense , {} ] } "), " { \"a\" : [null,{} ] } ");
    EXPECT_EQ(mended("{\"a\":[{\"b\":\"\xff\"},{\"b\":\"line\nbreak\"},{}]}"), R"({"a":[null,null,{}]})");
    EXPECT_EQ(mend_elements(R"({"a":[1,\,2,x]})", "a", 9)->bad, (std::vector<std::size_t>{1, 3}));
}

TEST(Mend, AnElementMayNestAsDeepAsTheTextMay) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_EQ(mended("{\"a\":[" + nested(31) + "," + nested(30) + ",x]}"), "{\"a\":[null," + nested(30) + ",null]}");
    EXPECT_EQ(mended("{\"a\":[1," + nested(100'000) + "]}"), R"({"a":[1,null]})");
}

TEST(Mend, LeavesAloneWhatItCannotTellApart) {
    for (const std::string_view text : {"", "[1]", "{", R"({"a")", R"({"a":)", R"({"a":[)", R"({"a":[]})", R"({"a":[1,2]})",
                                        R"({"a":{"b":x}})", R"({"b":[x]})", R"({"a":["open,1]})", R"({"a":[{"b":[},1]})", R"({"a":[x})",
                                        R"({"a":[x)", R"({"a":[,x]})", R"({"a":[x,]})", R"({"b" 1,"a":[x]})", R"({"a":["\)"})
        EXPECT_EQ(mended(text), "-") << text;
    EXPECT_EQ(mended(R"({"a":[x,1]})", 2), R"({"a":[null,1]})");
    EXPECT_EQ(mended(R"({"a":[x,1,2]})", 2), "-");
}

} // namespace
} // namespace focus::json
