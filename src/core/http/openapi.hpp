// Makes the OpenAPI 3.1 document from the declarations and types of the routes, so that both agree.
#pragma once

#include "core/http/routes.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace focus::http {

struct ApiInfo {
    struct Tag {
        std::string_view name;
        std::string_view description;
    };
    std::string_view title;
    std::string_view version;
    std::string_view description;
    std::vector<Tag> tags; // in the order of the document
};

/// The document as JSON. Routes with Meta::hidden are left out.
[[nodiscard]] std::string openapi_document(const Routes& routes, const ApiInfo& info);

} // namespace focus::http
