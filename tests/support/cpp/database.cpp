#include "support/cpp/database.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace focus::db::testing {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

int free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address); // the sockets API
    if (::bind(socket, raw, size) != 0 || ::getsockname(socket, raw, &size) != 0) throw std::runtime_error{"no free port"};
    ::close(socket);
    return ntohs(address.sin_port);
}

/// Starts a program with its output in `log`. It ends when this process does, however that ends.
pid_t spawn(const std::vector<std::string>& words, const fs::path& log) {
    std::vector<char*> argv;
    for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str())); // execvp doesn't write
    argv.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t process = ::fork();
    if (process < 0) throw std::runtime_error{"fork failed"};
    if (process > 0) return process;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execvp(argv.front(), argv.data());
    ::_exit(127);
}

std::string text_of(const fs::path& file) {
    std::ifstream in{file};
    return {std::istreambuf_iterator<char>{in}, {}};
}

/// One statement on the server of a URL.
void administer(const std::string& url, const std::string& sql) {
    boost::asio::io_context io{1};
    metrics::Registry metrics;
    const auto database = open({.url = url}, {io.get_executor()}, metrics);
    run_sync(io, [&]() -> Task<void> { co_await database->run_one(Command::composed("test", sql, {})); });
    database->close();
    io.restart();
    io.run_for(1s);
}

bool accepts_connections(int port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool accepted = ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0; // the sockets API
    ::close(socket);
    return accepted;
}

/// The initial data of a new server; made once, copied for each.
const fs::path& empty_data_folder() {
    static const TempFolder folder;
    static const auto data = [] {
        auto path = folder.path() / "data";
        const auto log = folder.path() / "log";
        int status = 0;
        ::waitpid(spawn({"mariadb-install-db", "--no-defaults", "--datadir=" + path.string(), "--user=root", "--skip-test-db",
                         "--auth-root-authentication-method=normal", "--innodb-log-file-size=16M"},
                        log),
                  &status, 0);
        if (status != 0) throw std::runtime_error{"mariadb-install-db failed:\n" + text_of(log)};
        return path;
    }();
    return data;
}

} // namespace

Task<void> together(int n, std::function<Task<void>(int)> body) {
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer all_done{executor, std::chrono::steady_clock::time_point::max()};
    int left = n;
    std::exception_ptr failure;
    for (int i = 0; i < n; ++i) {
        boost::asio::co_spawn(executor, body(i), [&](std::exception_ptr error) {
            if (error && !failure) failure = error;
            if (--left == 0) all_done.cancel();
        });
    }
    if (left > 0) co_await all_done.async_wait(boost::asio::as_tuple(boost::asio::deferred));
    if (failure) std::rethrow_exception(failure);
}

Task<bool> becomes_true(std::function<bool()> holds, std::chrono::milliseconds patience) {
    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= until) co_return false;
        timer.expires_after(2ms);
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
    co_return true;
}

bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= until) return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

TempFolder::TempFolder() {
    auto pattern = (fs::temp_directory_path() / "focus-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
    path_ = pattern;
}

TempFolder::~TempFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

MariaDb::MariaDb() : port_{free_port()} {
    fs::copy(empty_data_folder(), folder_.path() / "data", fs::copy_options::recursive);
    std::ofstream{folder_.path() / "init.sql"} << "CREATE USER IF NOT EXISTS focus@'127.0.0.1' IDENTIFIED BY 'focus-test';\n"
                                                  "GRANT ALL ON *.* TO focus@'127.0.0.1' WITH GRANT OPTION;\n";
    start();
}

MariaDb::~MariaDb() { kill(); }

std::string MariaDb::url() const { return "mysql://focus:focus-test@127.0.0.1:" + std::to_string(port_); }

void MariaDb::start() {
    const auto folder = folder_.path().string();
    process_ = spawn({"mariadbd", "--no-defaults", "--user=root", "--datadir=" + folder + "/data", "--socket=" + folder + "/socket",
                      "--pid-file=" + folder + "/pid", "--init-file=" + folder + "/init.sql", "--bind-address=127.0.0.1",
                      "--port=" + std::to_string(port_), "--skip-name-resolve", "--innodb-buffer-pool-size=32M",
                      "--innodb-log-file-size=16M", "--performance-schema=OFF"},
                     folder_.path() / "log");
    if (!eventually([this] { return accepts_connections(port_); }, 60s))
        throw std::runtime_error{"mariadbd doesn't start:\n" + text_of(folder_.path() / "log")};
    try {
        administer(url(), "SELECT 1");
    } catch (const std::exception& error) {
        throw std::runtime_error{std::string{"mariadbd doesn't answer: "} + error.what() + "\n" + text_of(folder_.path() / "log")};
    }
}

void MariaDb::kill() {
    if (process_ < 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
}

void MariaDb::freeze() {
    ::kill(process_, SIGSTOP);
    ::waitpid(process_, nullptr, WUNTRACED); // all of its threads are stopped now
}
void MariaDb::thaw() { ::kill(process_, SIGCONT); }

std::string mariadb_url() {
    if (const char* given = std::getenv("FOCUS_TEST_MYSQL")) return given; // never set by tests
    static const MariaDb own;
    return own.url();
}

FreshDatabase::FreshDatabase(Dialect dialect) : dialect_{dialect} {
    if (dialect == Dialect::sqlite) {
        url_ = "sqlite:///" + (folder_.path() / "focus.db").string();
        return;
    }
    server_url_ = mariadb_url();
    create(server_url_);
}

FreshDatabase::FreshDatabase(const MariaDb& server) : dialect_{Dialect::mysql} { create(server.url()); }

void FreshDatabase::create(const std::string& server_url) {
    static std::atomic<int> count{0};
    name_ = "focus_test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
    url_ = server_url + "/" + name_;
    administer(server_url, "CREATE DATABASE " + name_ + " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
}

FreshDatabase::~FreshDatabase() {
    if (server_url_.empty()) return;
    try {
        administer(server_url_, "DROP DATABASE " + name_);
    } catch (const std::exception& error) {
        ADD_FAILURE() << "database " << name_ << " was left behind: " << error.what();
    }
}

void DatabaseTest::SetUp() {
    fresh_ = std::make_unique<FreshDatabase>(GetParam());
    auto how = options();
    how.url = fresh_->url();
    database_ = open(how, {io_.get_executor()}, metrics_);
    run([this]() -> Task<void> { co_await migrate(*database_, migrations()); });
}

void DatabaseTest::TearDown() {
    if (!database_) return;
    database_->close();
    io_.restart();
    io_.run_for(5s); // until the connections have ended with a quit
    database_.reset();
    fresh_.reset();
}

std::unique_ptr<Database> DatabaseTest::open_again(Options options) {
    options.url = fresh_->url();
    return open(options, {io_.get_executor()}, metrics_);
}

} // namespace focus::db::testing
