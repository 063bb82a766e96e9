// Beast's strict HTTP/1 parser over our own storage: header fields are views into the connection's buffer. Messages
// with an ambiguous length or host are refused. Body bytes of chunked messages go into a string.
#pragma once

#include "core/http/call.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace focus::http {

class HeadParser final : public boost::beast::http::basic_parser<true> {
  public:
    /// Both must outlive the parser.
    HeadParser(std::vector<Field>& fields, std::string& body) : fields_{fields}, body_{body} { body_limit(boost::none); }

    /// Parses a whole head (with its empty line). False when it is ambiguous or not valid HTTP/1.x.
    [[nodiscard]] bool parse_head(std::string_view head);
    /// Parses the available part of a chunked body; returns how many bytes were used. Sets `failed` for an invalid one.
    [[nodiscard]] std::size_t parse_chunks(std::string_view data, bool& failed);

    [[nodiscard]] std::string_view method() const noexcept { return method_; }
    [[nodiscard]] std::string_view target() const noexcept { return target_; }
    [[nodiscard]] bool is_http11() const noexcept { return version_ >= 11; }
    /// The value of Expect; empty without the header.
    [[nodiscard]] std::string_view expect() const noexcept { return expect_; }
    [[nodiscard]] bool over_limit() const noexcept { return over_limit_; }

  private:
    using verb = boost::beast::http::verb;
    using field = boost::beast::http::field;
    using error_code = boost::beast::error_code;
    using view = boost::beast::string_view;
    template <class T>
    using optional = boost::optional<T>;

    void on_request_impl(verb, view method, view target, int version, error_code&) override;
    void on_response_impl(int, view, int, error_code&) override {}
    void on_field_impl(field name, view name_text, view value, error_code& ec) override;
    void on_header_impl(error_code&) override { in_body_ = true; }
    void on_body_init_impl(const optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(view body, error_code&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, view body, error_code&) override;
    void on_finish_impl(error_code&) override {}
    [[nodiscard]] bool is_unambiguous() const;

    std::vector<Field>& fields_;
    std::string& body_;
    std::string_view method_;
    std::string_view target_;
    std::string_view expect_;
    std::string_view host_;
    std::string_view transfer_encoding_;
    int version_ = 0;
    int hosts_ = 0;
    int content_lengths_ = 0;
    int transfer_encodings_ = 0;
    int authorizations_ = 0;
    bool in_body_ = false; // fields from here on are trailers, which are ignored
    bool over_limit_ = false;
};

} // namespace focus::http
