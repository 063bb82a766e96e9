#include "core/crypto/password.hpp"

#include "core/crypto/crypto.hpp"
#include "core/metrics/metrics.hpp"

#include <crypt.h>
#include <openssl/crypto.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string_view>

namespace focus::crypto {

namespace {

constexpr std::string_view k_prefix = "$2b$";
constexpr std::size_t k_max_password_bytes = 72; // bcrypt ignores the rest
constexpr std::size_t k_hash_length = 60;
constexpr int k_max_cost = 16; // seconds of work; anything above is not a hash of ours
constexpr int k_retry_after_s = 5;

/// The cost of a well-formed bcrypt hash, else 0.
int cost_of(std::string_view hash) noexcept {
    static constexpr std::string_view k_alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    if (hash.size() != k_hash_length || !hash.starts_with("$2") || hash[3] != '$' || hash[6] != '$') return 0;
    if (hash[2] != 'a' && hash[2] != 'b' && hash[2] != 'y') return 0;
    if (hash[4] < '0' || hash[4] > '9' || hash[5] < '0' || hash[5] > '9') return 0;
    if (hash.find_first_not_of(k_alphabet, 7) != std::string_view::npos) return 0;
    const int cost = 10 * (hash[4] - '0') + (hash[5] - '0');
    return cost >= 4 && cost <= k_max_cost ? cost : 0;
}

std::string new_setting(int cost) {
    const std::string salt = random_bytes(16);
    std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
    const char* made = crypt_gensalt_rn(std::string{k_prefix}.c_str(), static_cast<unsigned long>(cost), salt.data(),
                                        static_cast<int>(salt.size()), setting.data(), static_cast<int>(setting.size()));
    if (made == nullptr) throw std::invalid_argument{"bcrypt: no such cost"};
    return made;
}

/// bcrypt of `password` with the salt and cost of `setting` (a setting or a whole hash).
std::string compute(const std::string& password, const std::string& setting) {
    const auto state = std::make_unique<crypt_data>(); // 32 KiB
    const char* made = crypt_rn(password.c_str(), setting.c_str(), state.get(), static_cast<int>(sizeof(crypt_data)));
    std::string hash = made == nullptr ? "" : made;
    OPENSSL_cleanse(state.get(), sizeof(crypt_data));
    if (hash.empty()) throw std::runtime_error{"bcrypt failed"};
    return hash;
}

} // namespace

struct PasswordHasher::Impl {
    Options options;
    std::string dummy; // what is computed when there is no hash to compare with
    metrics::Histogram seconds;
    async::Workers workers;

    Impl(Options chosen, metrics::Registry& registry)
        : options{chosen}, dummy{new_setting(chosen.cost)},
          seconds{registry.histogram("focus_api_password_duration_seconds", "Time of one bcrypt computation, without waiting.")},
          workers{{.threads = chosen.threads, .max_queue = chosen.max_queue, .retry_after_s = k_retry_after_s}} {}

    /// Takes the password by value and wipes it.
    std::string timed(std::string password, const std::string& setting) {
        const auto start = std::chrono::steady_clock::now();
        std::string hash = compute(password, setting);
        OPENSSL_cleanse(password.data(), password.size());
        seconds.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        return hash;
    }

    boost::asio::awaitable<std::string> run(std::string password, std::string setting, Place place) {
        auto job = [this, word = std::move(password), with = std::move(setting)]() mutable { return timed(std::move(word), with); };
        auto computing = workers.run(std::move(job), std::move(place));
        co_return co_await std::move(computing);
    }
};

PasswordHasher::PasswordHasher(Options options, metrics::Registry& metrics) : impl_{std::make_unique<Impl>(options, metrics)} {}
PasswordHasher::~PasswordHasher() = default;

std::size_t PasswordHasher::waiting() const { return impl_->workers.waiting(); }

PasswordHasher::Place PasswordHasher::reserve(Lane lane) { return impl_->workers.reserve(lane); }

boost::asio::awaitable<std::string> PasswordHasher::hash(std::string password, Place place) {
    if (password.size() > k_max_password_bytes || password.contains('\0'))
        throw std::invalid_argument{"bcrypt: a password has at most 72 bytes and no NUL"};
    co_return co_await impl_->run(std::move(password), new_setting(impl_->options.cost), std::move(place));
}

boost::asio::awaitable<bool> PasswordHasher::verify(std::string password, std::string hash, Place place) {
    const bool comparable = cost_of(hash) != 0 && !password.contains('\0') && password.size() < CRYPT_MAX_PASSPHRASE_SIZE;
    std::string setting = comparable ? hash : impl_->dummy;
    if (!comparable) password.resize(std::min(password.size(), k_max_password_bytes));
    const std::string computed = co_await impl_->run(std::move(password), std::move(setting), std::move(place));
    co_return (comparable && equal_constant_time(computed, hash));
}

bool PasswordHasher::needs_rehash(std::string_view hash) const noexcept {
    return !hash.starts_with(k_prefix) || cost_of(hash) < impl_->options.cost;
}

} // namespace focus::crypto
