#include "core/base/error.hpp"

namespace focus {

Error invalid_input(std::vector<Fault> faults) { return Error{k_validation_error}.with_faults(std::move(faults)); }

Error invalid_field(std::vector<Fault::Step> loc, std::string_view type, Text message, TextArgs args) {
    std::vector<Fault> faults;
    faults.push_back({std::move(loc), message, type, std::move(args)});
    return invalid_input(std::move(faults));
}

Error not_found() { return Error{k_not_found}; }

Error unavailable(std::string cause, int retry_after_s) {
    return Error{k_unavailable}.because(std::move(cause)).retry_after(retry_after_s);
}

} // namespace focus
