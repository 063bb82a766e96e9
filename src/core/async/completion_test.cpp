#include "core/async/completion.hpp"

#include "core/async/run.hpp"
#include "core/async/task_group.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace focus::async {
namespace {

namespace asio = boost::asio;

TEST(Completion, ResumesOnTheCallersThreadWhereverItIsCompleted) {
    asio::io_context io;
    std::jthread other;
    const auto ask = [&]() -> Task<> {
        const auto here = std::this_thread::get_id();
        const auto answer = co_await suspend<std::string>([&](Completion<std::string> done) {
            other = std::jthread{[done = std::move(done)]() mutable {
                std::this_thread::sleep_for(std::chrono::milliseconds{20}); // the io_context has nothing else to do
                done.complete("forty-two");
            }};
        });
        EXPECT_EQ(answer, "forty-two");
        EXPECT_EQ(std::this_thread::get_id(), here);
    };
    spawn(io.get_executor(), "test", ask());
    io.run();
    EXPECT_TRUE(other.joinable()) << "the coroutine has run to its end";
}

TEST(Completion, ThrowsWhatItFailsWith) {
    asio::io_context io;
    const auto ask = [&]() -> Task<> {
        co_await suspend<>([](Completion<> done) { done.fail(std::make_exception_ptr(std::runtime_error{"closed"})); });
    };
    EXPECT_THROW(block_on(io, ask()), std::runtime_error);
}

TEST(Completion, MayLiveInTheFrameThatItResumes) {
    asio::io_context io;
    int resumed = 0;
    const auto ask = [&]() -> Task<> {
        for (int i = 0; i < 100; ++i) {
            Completion<> kept;
            std::jthread other;
            co_await suspend<>([&](Completion<> done) {
                kept = std::move(done);
                other = std::jthread{[&kept] { kept.complete(); }};
            });
            ++resumed;
        }
    };
    block_on(io, ask());
    EXPECT_EQ(resumed, 100);
}

TEST(Completion, OneThreadAnswersManyInTheirOrder) {
    asio::io_context io;
    std::vector<Completion<int>> waiting;
    std::vector<int> answers;
    const auto ask = [&]() -> Task<> {
        const int answer = co_await suspend<int>([&](Completion<int> done) { waiting.push_back(std::move(done)); });
        answers.push_back(answer);
    };
    for (int i = 0; i < 3; ++i) spawn(io.get_executor(), "test", ask());
    while (waiting.size() < 3) io.run_one();
    for (int i = 0; i < 3; ++i) waiting[static_cast<std::size_t>(i)].complete(i);
    io.run();
    EXPECT_EQ(answers, (std::vector{0, 1, 2}));
}

} // namespace
} // namespace focus::async
