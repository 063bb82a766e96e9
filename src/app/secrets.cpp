#include "app/secrets.hpp"

#include "core/crypto/crypto.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <format>
#include <fstream>
#include <stdexcept>
#include <unistd.h>

namespace focus::app {

namespace {

constexpr std::string_view k_sqlite = "sqlite:///";

std::filesystem::path key_file_of(const Settings& settings) {
    const std::filesystem::path database =
        settings.database_url.starts_with(k_sqlite) ? settings.database_url.substr(k_sqlite.size()) : "data/focus.db";
    return database.parent_path() / "secret.key";
}

std::string read_key(const std::filesystem::path& path) {
    std::ifstream in{path};
    std::string key;
    std::getline(in, key);
    if (key.size() < 32) throw std::runtime_error{std::format("{} holds no usable key: set SECRET_KEY or remove the file", path.string())};
    return key;
}

} // namespace

std::string secret_key_of(const Settings& settings) {
    if (!settings.secret_key.empty()) return settings.secret_key;
    const auto path = key_file_of(settings);
    if (!path.parent_path().empty()) std::filesystem::create_directories(path.parent_path());
    // Written to a temporary file, then linked: of two servers that start at once, one link succeeds and both read its key.
    const auto key = crypto::base64url_encode(crypto::random_bytes(48));
    const auto fresh = path.string() + "." + std::to_string(::getpid());
    if (!std::filesystem::exists(path)) {
        const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); // NOLINT: open is variadic
        if (file < 0) throw std::runtime_error{std::format("cannot make {}: {}", fresh, std::strerror(errno))};
        const auto text = key + "\n";
        const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
        ::close(file);
        if (written) static_cast<void>(::link(fresh.c_str(), path.c_str())); // fails when another process was first: fine
        ::unlink(fresh.c_str());
        if (!written) throw std::runtime_error{std::format("cannot write {}", fresh)};
    }
    return read_key(path);
}

} // namespace focus::app
