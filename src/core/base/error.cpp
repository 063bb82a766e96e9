#include "core/base/error.hpp"

namespace focus {

Error invalid_input(std::vector<Fault> faults) {
    return Error{ErrorKind::invalid, "validation_error", {"The request is not valid.", "La requête n'est pas valide."}}.with_faults(
        std::move(faults));
}

Error invalid_field(std::vector<Fault::Step> loc, std::string_view type, Text message, TextArgs args) {
    std::vector<Fault> faults;
    faults.push_back({std::move(loc), message, type, std::move(args)});
    return invalid_input(std::move(faults));
}

Error not_found() { return {ErrorKind::not_found, "not_found", {"There is nothing here by this name.", "Il n'y a rien ici sous ce nom."}}; }

Error unavailable(std::string cause, int retry_after_s) {
    return Error{ErrorKind::unavailable,
                 "unavailable",
                 {"The service is busy or being restored. Please try again in a moment.",
                  "Le service est occupé ou en cours de rétablissement. Veuillez réessayer dans un instant."}}
        .because(std::move(cause))
        .retry_after(retry_after_s);
}

} // namespace focus
