#include "core/mail/templates.hpp"

#include "core/base/embedded.hpp"

#include <kainjow/mustache.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <format>
#include <fstream>
#include <iterator>
#include <ranges>
#include <set>
#include <stdexcept>

namespace focus::mail {

namespace {

namespace mustache = kainjow::mustache;
using Data = mustache::data;

constexpr std::array<std::string_view, 4> k_html_headers{"Title", "Preheader", "Action", "Note"};

enum class Format { text, html };

std::string escape_html(const std::string& text) {
    std::string escaped;
    escaped.reserve(text.size() + text.size() / 8);
    for (const char c : text) {
        switch (c) {
        case '&':
            escaped += "&amp;";
            break;
        case '<':
            escaped += "&lt;";
            break;
        case '>':
            escaped += "&gt;";
            break;
        case '"':
            escaped += "&quot;";
            break;
        case '\'':
            escaped += "&#39;";
            break; // older mail clients do not support &apos;
        default:
            escaped += c;
        }
    }
    return escaped;
}

/// The values by name, inner sections first; records the names without a value.
class Lookup : public mustache::basic_context<std::string> {
  public:
    explicit Lookup(const Data* values) : stack_{values} {}
    void push(const Data* data) override { stack_.push_back(data); }
    void pop() override { stack_.pop_back(); }
    const Data* get(const std::string& name) const override {
        for (auto scope = stack_.rbegin(); scope != stack_.rend(); ++scope)
            if (const Data* found = (*scope)->get(name)) return found;
        missing_.insert(name);
        return nullptr;
    }
    const Data* get_partial(const std::string& name) const override { return get(name); }
    [[nodiscard]] const std::set<std::string>& missing() const noexcept { return missing_; }

  private:
    std::vector<const Data*> stack_;
    mutable std::set<std::string> missing_; // get() is const for the library
};

/// An empty text is false, so that it hides its section.
Data data_of(const std::string& text) { return text.empty() ? Data{Data::type::bool_false} : Data{text}; }

Data data_of(const Values& values) {
    Data all;
    // Mails that an older version queued lack values that were added later: their sections are hidden.
    for (const auto* later : {"asked", "not_me_url"}) all.set(later, Data{Data::type::bool_false});
    for (const auto& [name, text] : values.texts) all.set(name, data_of(text));
    for (const auto& [name, rows] : values.lists) {
        Data list{Data::type::list};
        for (const auto& row : rows) {
            Data fields;
            for (const auto& [field, text] : row) fields.set(field, data_of(text));
            list.push_back(fields);
        }
        all.set(name, list);
        all.set("has_" + name, Data{rows.empty() ? Data::type::bool_false : Data::type::bool_true});
    }
    return all;
}

std::string fill(const std::string& source, const std::string& path, Format format, const Data& values) {
    mustache::mustache parsed{source};
    if (!parsed.is_valid()) throw std::runtime_error{"mail template " + path + ": " + parsed.error_message()};
    if (format == Format::text) parsed.set_custom_escape([](const std::string& text) { return text; });
    if (format == Format::html) parsed.set_custom_escape(escape_html);
    Lookup lookup{&values};
    std::string filled = parsed.render(lookup);
    if (!lookup.missing().empty()) throw std::runtime_error{"mail template " + path + ": no value for '" + *lookup.missing().begin() + "'"};
    return filled;
}

/// Control characters become spaces: a value must not end a header's line.
std::string one_line(std::string text) {
    std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
    return text;
}

/// At most one blank line in a row: the library keeps the line breaks around sections that are hidden.
std::string tidy(const std::string& text) {
    std::string tidied;
    tidied.reserve(text.size());
    for (const char c : text)
        if (c != '\n' || !tidied.ends_with("\n\n")) tidied += c;
    return tidied;
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in{path, std::ios::binary};
    std::string content{std::istreambuf_iterator<char>{in}, {}};
    if (!in) throw std::runtime_error{"mail template " + path.string() + " can't be read"};
    return content;
}

std::string template_path(std::string_view name, Language language, std::string_view extension) {
    return std::format("{}/{}.{}", to_string(language), name, extension);
}

} // namespace

Templates::Templates(Options options, std::span<const Sample> mails) : options_{std::move(options)} {
    for (const auto& mail : mails) mails_.emplace(mail.kind.name, mail);
    if (!options_.folder.empty() && !std::filesystem::is_directory(options_.folder))
        throw std::runtime_error{"there is no folder " + options_.folder + " for mail templates"};
    for (const auto& embedded : embedded::mail_templates()) {
        const std::string path{embedded.path};
        const auto replacement = std::filesystem::path{options_.folder} / path;
        std::string rest =
            !options_.folder.empty() && std::filesystem::exists(replacement) ? read_file(replacement) : std::string{embedded.bytes};
        File& file = files_[path];
        const bool has_headers = path.contains('/'); // layouts have no headers
        while (has_headers) {
            const std::string line = rest.substr(0, rest.find('\n'));
            rest.erase(0, std::min(rest.size(), line.size() + 1));
            if (line.empty()) break;
            const auto colon = line.find(": ");
            if (colon == std::string::npos)
                throw std::runtime_error{"mail template " + path + ": the header lines must look like \"Name: text\""};
            file.headers[line.substr(0, colon)] = line.substr(colon + 2);
        }
        file.body = std::move(rest);
        if (const mustache::mustache parsed{file.body}; !parsed.is_valid())
            throw std::runtime_error{"mail template " + path + ": " + parsed.error_message()};
    }
    for (const auto& [name, mail] : mails_)
        for (const Language language : {Language::en, Language::fr}) {
            (void)file(template_path(name, language, "html"));
            if (!file(template_path(name, language, "txt")).headers.contains("Subject"))
                throw std::runtime_error{"mail template " + template_path(name, language, "txt") + " has no subject"};
            (void)render(name, language, sample(name, language));
        }
}

const Templates::File& Templates::file(const std::string& path) const {
    const auto found = files_.find(path);
    if (found == files_.end()) throw std::runtime_error{"there is no mail template " + path};
    return found->second;
}

std::vector<std::string> Templates::names() const {
    const auto names = std::views::keys(mails_);
    return {names.begin(), names.end()};
}

Values Templates::sample(std::string_view name, Language language) const {
    const auto mail = mails_.find(name);
    if (mail == mails_.end()) throw std::runtime_error{"there is no mail " + std::string{name}};
    auto values = mail->second.values(language);
    values.texts["name"] = "Camille";
    values.texts["unsubscribe_url"] = mail->second.kind.is_optional ? "https://focus.example.org/unsubscribe?token=abc&kind=all" : "";
    return values;
}

std::optional<Rendered> Templates::preview(std::string_view name, Language language) const {
    if (!mails_.contains(name)) return std::nullopt;
    return render(name, language, sample(name, language));
}

Rendered Templates::render(std::string_view name, Language language, const Values& values) const {
    const std::string text_path = template_path(name, language, "txt");
    const std::string html_path = template_path(name, language, "html");
    const File& text = file(text_path);
    const File& html = file(html_path);
    Data data = data_of(values);
    data.set("language", std::string{to_string(language)});
    data.set("is_en", Data{language == Language::en ? Data::type::bool_true : Data::type::bool_false});
    data.set("is_fr", Data{language == Language::fr ? Data::type::bool_true : Data::type::bool_false});
    data.set("frontend_url", options_.frontend_url);

    Rendered rendered;
    rendered.subject = one_line(fill(text.headers.find("Subject")->second, text_path, Format::text, data));
    data.set("content", fill(text.body, text_path, Format::text, data));
    rendered.text = tidy(fill(file("layout.txt").body, "layout.txt", Format::text, data));

    // The headers and the body are HTML already; the layout inserts them unescaped.
    data.set("content", fill(html.body, html_path, Format::html, data));
    data.set("subject", rendered.subject);
    for (const std::string_view header : k_html_headers) {
        std::string key{header};
        key[0] = static_cast<char>(key[0] - 'A' + 'a');
        const auto given = html.headers.find(header);
        data.set(key, data_of(given == html.headers.end() ? "" : fill(given->second, html_path, Format::html, data)));
    }
    if (data.get("action_url") == nullptr) data.set("action_url", Data{Data::type::bool_false});
    rendered.html = fill(file("layout.html").body, "layout.html", Format::html, data);
    return rendered;
}

} // namespace focus::mail
