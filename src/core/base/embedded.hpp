// Files that are part of the binary (cmake/embed.cmake): migrations, mail templates, common passwords, pages.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace focus::embedded {

struct File {
    std::string_view path; // relative to the folder that was embedded
    std::string_view bytes;
};

std::span<const File> migrations_sqlite();
std::span<const File> migrations_mysql();
std::span<const File> mail_templates();
std::span<const File> common_passwords();
std::span<const File> docs_pages();
std::span<const File> web_pages();

} // namespace focus::embedded
