#include "app/mails.hpp"

#include "core/base/embedded.hpp"
#include "core/mail/templates.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

namespace focus::app {
namespace {

using mail::Rendered;
using mail::Templates;
using mail::Values;

const Templates::Options k_options{.folder = "", .frontend_url = "https://focus.example.org"};
constexpr Language k_languages[] = {Language::en, Language::fr};

TEST(MailTemplates, KnowsTheMails) {
    const std::vector<std::string> expected{"account_deleted",   "challenge_results", "daily_reminder",   "identity_linked",
                                            "identity_unlinked", "limit_warning",     "password_changed", "reset_password",
                                            "verify_email",      "weekly_summary",    "welcome"};
    std::set<std::string> files;
    for (const auto& file : embedded::mail_templates()) {
        const std::filesystem::path path{file.path};
        if (path.has_parent_path()) files.insert(path.stem().string());
    }
    EXPECT_EQ((std::vector<std::string>(files.begin(), files.end())), expected);
    EXPECT_EQ((Templates{k_options, all_mails()}.names()), expected);
}

TEST(MailTemplates, EveryMailIsCompleteInBothLanguages) {
    const Templates templates{k_options, all_mails()};
    for (const std::string& name : templates.names())
        for (const Language language : k_languages) {
            const Values values = templates.sample(name, language);
            const Rendered mail = templates.render(name, language, values);
            SCOPED_TRACE(name + " " + std::string{to_string(language)});
            EXPECT_FALSE(mail.subject.empty());
            for (const std::string& part : {mail.subject, mail.text, mail.html}) {
                EXPECT_FALSE(part.contains("{{") || part.contains("}}")) << part;
            }
            EXPECT_EQ(mail.text.contains("Camille"), name != "verify_email") << mail.text;
            EXPECT_TRUE(mail.text.contains("\n" + values.texts.at("action_url") + "\n")) << mail.text;
            EXPECT_FALSE(mail.text.contains("&amp;") || mail.text.contains("&nbsp;")) << mail.text;
            EXPECT_FALSE(mail.text.contains("\n\n\n")) << mail.text;
            EXPECT_TRUE(mail.html.contains(language == Language::fr ? "<html lang=\"fr\"" : "<html lang=\"en\""));
            EXPECT_TRUE(mail.html.contains("prefers-color-scheme: dark"));
            EXPECT_TRUE(mail.html.contains("display: none; max-height: 0")) << "no preheader";
            EXPECT_TRUE(mail.html.contains("class=\"button\"")) << "no button";
            EXPECT_FALSE(mail.html.contains("<November>") || mail.html.contains("Tom & Jerry")) << mail.html;
            EXPECT_EQ(mail.html.contains("unsubscribe?token=abc&amp;kind=all"), !values.texts.at("unsubscribe_url").empty());
            EXPECT_EQ(mail.text.contains("unsubscribe?token=abc&kind=all"), !values.texts.at("unsubscribe_url").empty());
            if (const char* folder = std::getenv("FOCUS_MAIL_PREVIEWS"))
                std::ofstream{std::filesystem::path{folder} / (name + "." + std::string{to_string(language)} + ".html")} << mail.html;
            if (const char* folder = std::getenv("FOCUS_MAIL_PREVIEWS"))
                std::ofstream{std::filesystem::path{folder} / (name + "." + std::string{to_string(language)} + ".txt")} << mail.subject
                                                                                                                        << "\n----\n"
                                                                                                                        << mail.text;
        }
}

TEST(MailTemplates, EscapesValuesInHtmlOnly) {
    const Templates templates{k_options, all_mails()};
    Values values = templates.sample("reset_password", Language::en);
    values.texts["name"] = "<script>\"x\" & 'y'</script>{{hours}}";
    const Rendered mail = templates.render("reset_password", Language::en, values);
    EXPECT_TRUE(mail.html.contains("Hello &lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/script&gt;{{hours}},")) << mail.html;
    EXPECT_FALSE(mail.html.contains("<script"));
    EXPECT_TRUE(mail.text.contains("Hello <script>\"x\" & 'y'</script>{{hours}},")) << mail.text;
}

TEST(MailTemplates, AnAddressThatIsNotVerifiedIsNotGreetedByName) {
    const Templates templates{k_options, all_mails()};
    for (const auto language : k_languages) {
        Values values = templates.sample("verify_email", language);
        values.texts["name"] = "friend, sign in at https://evil.example";
        auto mail = templates.render("verify_email", language, values);
        EXPECT_FALSE(mail.text.contains("evil") || mail.html.contains("evil"));
        values = templates.sample("reset_password", language);
        values.texts["name"] = "";
        mail = templates.render("reset_password", language, values);
        for (const auto& part : {mail.text, mail.html}) EXPECT_TRUE(part.contains("Hello,") || part.contains("Bonjour,")) << part;
    }
}

TEST(MailTemplates, ASubjectIsOneLine) {
    const Templates templates{k_options, all_mails()};
    Values values = templates.sample("challenge_results", Language::en);
    values.texts["challenge_name"] = "a\r\nBcc: someone@example.com\tb";
    EXPECT_EQ(templates.render("challenge_results", Language::en, values).subject, "a  Bcc: someone@example.com b: the results");
}

TEST(MailTemplates, EmptyValuesHideTheirSections) {
    const Templates templates{k_options, all_mails()};
    Values values = templates.sample("weekly_summary", Language::en);
    values.texts["change"] = "";
    values.texts["streak"] = "";
    values.lists["challenges"] = {};
    for (auto& app : values.lists["apps"]) app["change"] = "";
    const Rendered mail = templates.render("weekly_summary", Language::en, values);
    EXPECT_EQ(mail.subject, "Your week: 19 h 5 min");
    for (const char* gone : {"The week before", "Days in a row", "Your challenges"})
        EXPECT_FALSE(mail.html.contains(gone) || mail.text.contains(gone)) << gone;
    EXPECT_TRUE(mail.text.contains("* Instagram: 6 h 30 min\n")) << mail.text;

    values = templates.sample("limit_warning", Language::fr);
    values.texts["reached"] = "yes";
    values.texts["app_name"] = "";
    EXPECT_EQ(templates.render("limit_warning", Language::fr, values).subject, "Votre limite quotidienne est atteinte");
}

TEST(MailTemplates, AMailOfAnOlderVersionLacksWhatWasAddedLater) {
    const Templates templates{k_options, all_mails()};
    Values values = templates.sample("verify_email", Language::en);
    EXPECT_TRUE(templates.render("verify_email", Language::en, values).text.contains("203.0.113.9"));
    values.lists.erase("asked");
    values.texts.erase("not_me_url");
    const Rendered mail = templates.render("verify_email", Language::en, values);
    EXPECT_FALSE(mail.text.contains("asked for") || mail.text.contains("not you,")) << mail.text;
}

TEST(MailTemplates, AMissingValueIsAnError) {
    const Templates templates{k_options, all_mails()};
    for (const std::string& name : templates.names()) {
        const Values complete = templates.sample(name, Language::en);
        for (const auto& [gone, text] : complete.texts) {
            if ((gone == "name" || gone == "not_me_url") && name == "verify_email") continue;
            if (gone == "remaining" || gone == "winner") continue; // inside optional sections of the sample
            Values values = complete;
            values.texts.erase(gone);
            EXPECT_THROW((void)templates.render(name, Language::en, values), std::runtime_error) << name << " without " << gone;
        }
        for (const auto& [gone, rows] : complete.lists) {
            if (gone == "asked") continue;
            Values values = complete;
            values.lists.erase(gone);
            EXPECT_THROW((void)templates.render(name, Language::en, values), std::runtime_error) << name << " without " << gone;
        }
    }
    EXPECT_THROW((void)templates.render("no_such", Language::en, {}), std::runtime_error);
    EXPECT_THROW((void)templates.sample("no_such", Language::en), std::runtime_error);
}

class MailTemplatesFolder : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (std::filesystem::temp_directory_path() / "focus-templates-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    void put(const std::string& path, const std::string& content) const {
        std::filesystem::create_directories((folder_ / path).parent_path());
        std::ofstream{folder_ / path} << content;
    }
    [[nodiscard]] Templates load() const {
        return Templates{{.folder = folder_.string(), .frontend_url = "https://focus.example.org"}, all_mails()};
    }

    std::filesystem::path folder_;
};

TEST_F(MailTemplatesFolder, ReplacesSingleFiles) {
    put("en/welcome.txt", "Subject: Hi {{name}}\n\nJust this.\n");
    const Rendered mail = load().preview("welcome", Language::en).value();
    EXPECT_EQ(mail.subject, "Hi Camille");
    EXPECT_TRUE(mail.text.starts_with("Just this.\n"));
    EXPECT_TRUE(mail.html.contains("Welcome to Focus"));
}

TEST_F(MailTemplatesFolder, RefusesWhatIsNotATemplate) {
    const auto message = [this]() -> std::string {
        try {
            (void)load();
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "";
    };
    put("en/welcome.txt", "Hello\n\nno subject\n");
    EXPECT_TRUE(message().contains("en/welcome.txt")) << message();
    put("en/welcome.txt", "Title: x\n\nno subject\n");
    EXPECT_TRUE(message().contains("subject")) << message();
    put("en/welcome.txt", "Subject: x\n\n{{#open}}\n");
    EXPECT_TRUE(message().contains("open")) << message();
    EXPECT_THROW(Templates({.folder = "/no/such/folder"}, all_mails()), std::runtime_error);
}

TEST_F(MailTemplatesFolder, RefusesAValueThatTheMailDoesNotHave) {
    put("fr/welcome.txt", "Subject: x\n\n{{hours}}\n");
    try {
        (void)load();
        FAIL() << "it was taken";
    } catch (const std::runtime_error& error) {
        EXPECT_EQ(std::string{error.what()}, "mail template fr/welcome.txt: no value for 'hours'");
    }
}

} // namespace
} // namespace focus::app
