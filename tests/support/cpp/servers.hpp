// The Python servers of tests/support as processes of a test: started by the constructor, ended by the destructor.
#pragma once

#include <rfl/json.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace focus::net::testing {

class ServerProcess {
  public:
    /// Starts tests/support/`script` and waits for the line with its address.
    ServerProcess(const std::string& script, const std::vector<std::string>& arguments) {
        const std::string path = "tests/support/" + script; // tests run at the top of the checkout
        std::array<int, 2> input{};
        std::array<int, 2> output{};
        if (pipe2(input.data(), O_CLOEXEC) != 0 || pipe2(output.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
        std::vector<std::string> words{"python3", path};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> argv;
        for (auto& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        process_ = fork();
        if (process_ == 0) {
            dup2(input[0], STDIN_FILENO);
            dup2(output[1], STDOUT_FILENO);
            execvp(argv[0], argv.data());
            _exit(127);
        }
        close(input[0]);
        close(output[1]);
        input_ = input[1];
        output_ = output[0];
        const auto listening = rfl::json::read<Listening>(line(std::chrono::seconds{30}));
        if (!listening) throw std::runtime_error{script + " did not start"};
        port_ = listening->port;
        ca_file_ = listening->ca;
    }
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;
    ~ServerProcess() {
        close(input_);
        close(output_);
        kill(process_, SIGTERM);
        waitpid(process_, nullptr, 0);
    }

    [[nodiscard]] int port() const noexcept { return port_; }
    [[nodiscard]] const std::string& ca_file() const noexcept { return ca_file_; }

    /// The next line of its output; empty when none comes in time.
    [[nodiscard]] std::string line(std::chrono::milliseconds patience) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (!buffer_.contains('\n')) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
            pollfd ready{.fd = output_, .events = POLLIN, .revents = 0};
            if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) <= 0) return {};
            std::array<char, 4096> chunk{};
            const auto size = read(output_, chunk.data(), chunk.size());
            if (size <= 0) return {};
            buffer_.append(chunk.data(), static_cast<std::size_t>(size));
        }
        const auto end = buffer_.find('\n');
        std::string first = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return first;
    }

  private:
    struct Listening {
        int port;
        std::string ca;
    };
    pid_t process_ = -1;
    int input_ = -1;
    int output_ = -1;
    int port_ = 0;
    std::string ca_file_;
    std::string buffer_;
};

/// A mail as the SMTP server of tests/support/smtp_server.py received it.
struct TakenMail {
    std::string from;
    std::vector<std::string> to;
    std::string raw;
    bool tls;
    std::string peer; // address and port of the connection
    std::string user;
};

class SmtpServer : public ServerProcess {
  public:
    explicit SmtpServer(const std::vector<std::string>& arguments = {}) : ServerProcess{"smtp_server.py", arguments} {}

    /// The next mail; nothing when none comes in time.
    [[nodiscard]] std::optional<TakenMail> next(std::chrono::milliseconds patience = std::chrono::seconds{10}) {
        const std::string text = line(patience);
        if (text.empty()) return std::nullopt;
        return rfl::json::read<TakenMail>(text).value();
    }
};

} // namespace focus::net::testing
