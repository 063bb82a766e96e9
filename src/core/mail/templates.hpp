// The texts of mails: Mustache templates, templates/mail/{en,fr}/NAME.{html,txt} within layout.html and layout.txt.
// They are part of the binary; files of a folder may replace single ones.
// A template starts with header lines ("Subject: …" in the .txt; "Title:", "Preheader:", "Action:", "Note:" in the .html)
// and a blank line. Always holds: values are escaped in HTML; a template's name without a value is an error.
#pragma once

#include "core/base/text.hpp"
#include "core/mail/outbox.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace focus::mail {

struct Rendered {
    std::string subject; // one line, UTF-8
    std::string text;
    std::string html;
};

class Templates {
  public:
    struct Options {
        std::string folder;       // replaces templates by its files of the same path; empty: none
        std::string frontend_url; // the web page that the footer links to
    };
    /// `mails` are all kinds that the program sends. Throws std::runtime_error with one sentence when a template is missing,
    /// unreadable, invalid, or names a value that its mail does not have.
    Templates(Options options, std::span<const Sample> mails);

    /// Renders the mail `name`. Besides `values`, templates see `frontend_url`, `language`, `is_en`, `is_fr`, and for
    /// each list whether it has rows (`has_LIST`). Throws std::runtime_error for an unknown name or a missing value.
    [[nodiscard]] Rendered render(std::string_view name, Language language, const Values& values) const;
    /// The names of all mails, sorted.
    [[nodiscard]] std::vector<std::string> names() const;
    /// The mail with sample values, for previews. Nothing for an unknown name.
    [[nodiscard]] std::optional<Rendered> preview(std::string_view name, Language language) const;
    /// The sample values; throws std::runtime_error for an unknown name.
    [[nodiscard]] Values sample(std::string_view name, Language language) const;

  private:
    struct File {
        std::map<std::string, std::string, std::less<>> headers;
        std::string body;
    };
    [[nodiscard]] const File& file(const std::string& path) const;

    Options options_;
    std::map<std::string, File> files_; // by path relative to the templates' folder
    std::map<std::string, Sample, std::less<>> mails_;
};

} // namespace focus::mail
