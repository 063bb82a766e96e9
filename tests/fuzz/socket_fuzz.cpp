// Messages of clients on notification sockets.
#include "core/base/error.hpp"
#include "features/notifications/socket_message.hpp"
#include "fuzz.hpp"

namespace focus::fuzz {
namespace {

void run(std::string_view text) {
    try {
        const auto message = json::parse<notifications::SocketMessage>(text, "message");
        must(!message.action || message.action->size() <= text.size(), "nothing is made up");
    } catch (const Error& error) {
        must(error.kind() == ErrorKind::invalid && !error.faults().empty(), "an Error has its faults");
        for (const auto& fault : error.faults()) must(!fault.loc.empty(), "a fault says where"); // separates bad JSON from bad fields
    }
}

} // namespace
} // namespace focus::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    focus::fuzz::run(focus::fuzz::text_of(data, size));
    return 0;
}
