#include "app/commands.hpp"

#include "app/app.hpp"
#include "app/backup_command.hpp"
#include "app/demo.hpp"
#include "app/doctor_command.hpp"
#include "app/fastapi_command.hpp"
#include "app/import_command.hpp"
#include "app/logs_command.hpp"
#include "app/mails.hpp"
#include "app/recount_command.hpp"
#include "app/routes_command.hpp"
#include "app/settings.hpp"
#include "app/suggestion.hpp"
#include "core/async/run.hpp"
#include "core/db/migrate.hpp"
#include "core/mail/templates.hpp"
#include "core/net/http_client.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <format>
#include <iostream>
#include <iterator>
#include <stdexcept>

namespace focus::app {

namespace {

constexpr int k_failed = 1;
constexpr int k_wrong_usage = 2;

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::string flag_of(std::string name) {
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return c == '_' ? '-' : static_cast<char>(std::tolower(c)); });
    return "--" + name;
}

/// The options that every command takes: --config and one flag per setting.
struct CommonOptions {
    std::string config_file;
    Overrides flags;

    void add_to(CLI::App& cli) {
        cli.add_option("--config", config_file, "TOML file with settings (default: focus.toml in this directory, if there is one)");
        for (const auto& info : describe({})) {
            cli.add_option_function<std::string>(
                   flag_of(info.name), [this, name = info.name](const std::string& value) { flags[name] = value; }, info.help)
                ->group("Settings");
        }
    }
    [[nodiscard]] Settings read() const {
        const bool implicit = config_file.empty() && std::filesystem::exists("focus.toml");
        return load_settings(flags, implicit ? "focus.toml" : config_file);
    }
    [[nodiscard]] Settings load() const {
        auto settings = read();
        log::configure(settings.log_level, settings.log_format);
        return settings;
    }
};

int print_migrations(App& app) {
    std::vector<db::MigrationState> states;
    app.run([&]() -> boost::asio::awaitable<void> {
        states = co_await db::migration_status(app.database(), db::embedded_migrations(app.database().dialect()));
    });
    for (const auto& state : states) {
        const auto when = state.applied_at_ms ? "applied " + format_rfc3339(*state.applied_at_ms) : std::string{"pending"};
        print(std::format("{:04} {:<24} {}\n", state.number, state.name, when));
    }
    return 0;
}

int migrate(Settings settings, bool status) {
    App app{std::move(settings)};
    if (status) return print_migrations(app);
    int applied = 0;
    app.run([&]() -> boost::asio::awaitable<void> {
        applied = co_await db::migrate(app.database(), db::embedded_migrations(app.database().dialect()));
    });
    print(std::format("{} migration{} applied\n", applied, applied == 1 ? "" : "s"));
    return 0;
}

int create_admin(Settings settings, const std::string& email, const std::string& username, bool password_from_stdin) {
    std::string password = settings.admin_password;
    if (password_from_stdin) std::getline(std::cin, password);
    const auto text = json::write(std::map<std::string, std::string>{{"email", email}, {"username", username}, {"password", password}});
    const auto checked = json::parse<auth::Register>(text, "admin"); // the same rules as for all users
    App app{std::move(settings)};
    app.run([&]() -> boost::asio::awaitable<void> {
        co_await app.prepare_database();
        const auto user = co_await app.modules().auth.ensure_admin(
            checked.email.value, checked.username.value, checked.password.value,
            Origin{.ip = {}, .user_agent = {}, .request_id = {}, .endpoint = "focus admin create"});
        print(std::format("{} <{}> is an administrator\n", user.username, user.email));
    });
    return 0;
}

int print_jobs(Settings settings) {
    App app{std::move(settings)};
    app.run([&]() -> boost::asio::awaitable<void> {
        co_await app.prepare_database();
        const auto jobs = co_await app.scheduler().status();
        const auto time = [](std::optional<EpochMs> at) { return at && *at != 0 ? format_rfc3339(*at) : std::string{"-"}; };
        print(std::format("{:<20} {:<26} {:<26} {:>8} {}\n", "job", "next run", "last run", "ms", "state"));
        for (const auto& job : jobs) {
            const auto state = job.running_on   ? "runs on " + *job.running_on
                               : job.last_error ? "failed: " + *job.last_error
                                                : std::string{};
            print(std::format("{:<20} {:<26} {:<26} {:>8} {}\n", job.name, time(job.next_run_ms), time(job.last_run_ms),
                              job.last_duration_ms.value_or(0), state));
        }
    });
    return 0;
}

int run_job(Settings settings, const std::string& name) {
    App app{std::move(settings)};
    if (!app.scheduler().knows(name)) throw std::invalid_argument{"there is no job " + name + "; `focus job list` names them"};
    jobs::Outcome outcome;
    app.run([&]() -> boost::asio::awaitable<void> {
        co_await app.prepare_database();
        outcome = co_await app.scheduler().run_now(name);
    });
    print(std::format("{}: {} ({} ms)\n", name, outcome.error.value_or("done"), outcome.duration.count()));
    return outcome.error ? k_failed : 0;
}

int preview_mail(const Settings& settings, const std::string& name, Language language) {
    const mail::Templates templates{{.folder = settings.mail_template_dir, .frontend_url = settings.frontend_url}, all_mails()};
    const auto mail = templates.preview(name, language);
    if (!mail) {
        std::string known;
        for (const auto& one : templates.names()) known += (known.empty() ? "" : ", ") + one;
        throw std::invalid_argument{"there is no mail " + name + "; there are " + known};
    }
    print(mail->html);
    return 0;
}

int print_config(const Settings& settings) {
    for (const auto& info : describe(settings)) print(std::format("{} = \"{}\"\n", info.name, info.value));
    return 0;
}

int print_config_docs() {
    print("| setting | default | meaning |\n|---|---|---|\n");
    auto infos = describe({});
    std::ranges::move(describe_oidc({}), std::back_inserter(infos));
    for (const auto& info : infos) {
        const auto value = info.default_value.empty() ? std::string{} : "`" + info.default_value + "`";
        print(std::format("| `{}`{} | {} | {} |\n", info.name, info.secret ? " (or `" + info.name + "_FILE`)" : "", value, info.help));
    }
    return 0;
}

int healthcheck(const Settings& settings, std::string_view probe) {
    const bool tls = !settings.tls_cert_file.empty();
    const auto host = settings.host == "0.0.0.0" ? "127.0.0.1" : settings.host == "::" ? "[::1]" : settings.host;
    const auto url = std::format("{}://{}:{}/api/health/{}", tls ? "https" : "http", host, settings.port, probe);
    boost::asio::io_context context;
    // The request goes to an address but the certificate names a host: compare it with the one of the settings.
    net::HttpClient client{{.threads = 1, .allow_plain_http = true, .ca_file = settings.tls_cert_file, .any_name = true}};
    int status = 0;
    const auto ask = [&]() -> async::Task<> {
        net::Request request{.url = url, .timeout = std::chrono::seconds{5}};
        status = (co_await client.fetch(std::move(request))).status;
    };
    async::block_on(context, ask());
    if (status == 200) return 0;
    std::cerr << std::format("focus: {} answered {}\n", url, status);
    return k_failed;
}

struct CommandLine {
    CLI::App cli{"Focus: take back your time. Records app usage, keeps limits, runs challenges, tells people.", "focus"};
    CommonOptions common;
    std::function<int()> chosen;

    CommandLine() {
        cli.require_subcommand(1);
        cli.fallthrough();
        common.add_to(cli);
        add_serve();
        add_migrate();
        add_admin();
        add_config();
        add_import();
        add_backup();
        add_recount();
        add_migrate_from_fastapi();
        add_doctor();
        add_jobs();
        add_logs();
        add_mail();
        command("openapi", "Print the OpenAPI document", [this] { return print_openapi(common.load()); });
        command("routes", "List the routes: method, path, operation, access, rate class, greatest body", [this] {
            return print_routes(common.load(), as_json);
        })->add_flag("--json", as_json, "A JSON array instead of lines");
        add_healthcheck();
        command("version", "Print the version", [] {
            print("focus " FOCUS_VERSION "\n");
            return 0;
        });
        command("demo", "Fill in the demo account", [this] {
            App app{common.load()};
            app.run([&]() -> boost::asio::awaitable<void> {
                co_await app.prepare_database();
                const auto account = co_await fill_demo(app.modules(), app.clock());
                print(std::format("demo account: {}\n", account));
            });
            return 0;
        });
    }

    CLI::App* command(const char* name, const char* help, std::function<int()> action, CLI::App* parent = nullptr) {
        auto* sub = (parent != nullptr ? parent : &cli)->add_subcommand(name, help);
        sub->fallthrough();
        sub->callback([this, action = std::move(action)] { chosen = action; });
        return sub;
    }
    void add_serve() {
        auto* serve =
            command("serve", "Run the server", [this] { return App{common.load()}.serve(demo, [this] { return common.read(); }); });
        serve->add_flag("--demo", demo, "Fill in the demo account first");
    }
    void add_migrate() {
        auto* sub = command("migrate", "Apply pending schema migrations", [this] { return migrate(common.load(), status); });
        sub->add_flag("--status", status, "Only list the migrations");
    }
    void add_healthcheck() {
        auto* sub = command("healthcheck", "Exit 0 when the server of these settings is ready",
                            [this] { return healthcheck(common.load(), live ? "live" : "ready"); });
        sub->add_flag("--live", live, "When its process runs, also while it starts");
    }
    void add_admin() {
        auto* admin = cli.add_subcommand("admin", "Manage administrators")->require_subcommand(1)->fallthrough();
        auto* create = command(
            "create", "Make an administrator (or make an existing account one)",
            [this] { return create_admin(common.load(), email, username, password_from_stdin); }, admin);
        create->add_option("--email", email, "Address")->required();
        create->add_option("--username", username, "Username")->required();
        create->add_flag("--password-stdin", password_from_stdin,
                         "Read the password from the first line of standard input (else ADMIN_PASSWORD)");
    }
    void add_import() {
        auto* import = command("import", "Take over a file of activities (an export of Focus, CSV, ActivityWatch)",
                               [this] { return import_file(common.load(), file, email); });
        import->add_option("FILE", file, "The file")->required()->check(CLI::ExistingFile);
        import->add_option("--user", email, "The account's address")->required();
    }
    void add_backup() {
        auto* backup = command("backup", "Copy the SQLite database into a new file; servers go on meanwhile",
                               [this] { return back_up_to(common.load(), file); });
        backup->add_option("FILE", file, "The new file")->required();
        auto* restore = command("restore", "Put such a copy in the database's place; no server may be running",
                                [this] { return restore_from(common.load(), file); });
        restore->add_option("FILE", file, "The copy")->required();
    }
    void add_recount() {
        auto* recount = command("recount", "Count every stored sum again from its rows, say what differed and put it right; servers go on",
                                [this] { return recount_sums(common.load(), dry_run); });
        recount->add_flag("--dry-run", dry_run, "Only say what differs");
    }
    void add_doctor() {
        auto* doctor = command("doctor", "Check settings, database, sums, mail server, Redis and clock; servers go on",
                               [this] { return run_doctor([this] { return common.read(); }, as_json); });
        doctor->add_flag("--json", as_json, "A JSON array instead of lines");
    }
    void add_migrate_from_fastapi() {
        auto* move = command("migrate-from-fastapi", "Move the database of the FastAPI service into a new, empty one",
                             [this] { return migrate_from_fastapi(common.load(), source, dry_run); });
        move->add_option("--source", source, "Its database, mysql://user:password@host:3306/database")
            ->required()
            ->envname("FASTAPI_DATABASE_URL");
        move->add_flag("--dry-run", dry_run, "Print the same report and write nothing");
    }
    void add_config() {
        auto* config = cli.add_subcommand("config", "Settings")->require_subcommand(1)->fallthrough();
        command("print", "Print the settings in force, secrets hidden", [this] { return print_config(common.load()); }, config);
        command("docs", "Print the table of all settings (docs/configuration.md)", [] { return print_config_docs(); }, config);
    }

    void add_jobs() {
        auto* job = cli.add_subcommand("job", "What happens by itself")->require_subcommand(1)->fallthrough();
        command("list", "List the jobs with their last and next runs", [this] { return print_jobs(common.load()); }, job);
        auto* run = command("run", "Run a job now, due or not", [this] { return run_job(common.load(), job_name); }, job);
        run->add_option("NAME", job_name, "Its name")->required();
    }

    void add_logs() {
        auto* group = cli.add_subcommand("logs", "The audit trail")->require_subcommand(1)->fallthrough();
        auto* sub = command(
            "export", "Write the audit trail as JSON Lines, oldest first, to standard output",
            [this] { return export_logs(common.load(), logs); }, group);
        sub->add_option("--level", logs.level, "Only this level: info, warning, error or critical");
        sub->add_option("--action", logs.action, "Only this action, like login_failed");
        sub->add_option("--user-id", logs.user_id, "Only what this user did");
        sub->add_option("--since", logs.since, "Only from this day (UTC) or instant on");
        sub->add_option("--until", logs.until, "Only to the end of this day (UTC) or to this instant");
        sub->add_option("--text", logs.text, "Only entries with this text in their message, details or address");
        sub->add_option("--output", logs.file, "A file instead of standard output");
    }

    void add_mail() {
        auto* group = cli.add_subcommand("mail", "The mails that the service sends")->require_subcommand(1)->fallthrough();
        auto* preview = command(
            "preview", "Write the HTML of a mail with believable values to standard output",
            [this] { return preview_mail(common.load(), mail_name, language_of_tag(language)); }, group);
        preview->add_option("NAME", mail_name, "Its template, like weekly_summary")->required();
        preview->add_option("--lang", language, "Language")->check(CLI::IsMember({"en", "fr"}))->capture_default_str();
    }

    bool demo = false;
    bool status = false;
    bool live = false;
    bool dry_run = false;
    bool as_json = false;
    bool password_from_stdin = false;
    std::string email;
    std::string username;
    std::string file;
    std::string job_name;
    std::string source;
    LogsOptions logs;
    std::string mail_name;
    std::string language = "en";
};

/// The message for an unknown word in place of a command; nothing when the error is another one.
std::optional<std::string> unknown_command(const CLI::App& cli) {
    const auto* group = &cli;
    while (!group->get_subcommands().empty()) group = group->get_subcommands().front();
    const auto rest = cli.remaining(true);
    const auto word = std::ranges::find_if(rest, [](const std::string& text) { return !text.starts_with('-'); });
    if (group->get_require_subcommand_min() == 0 || word == rest.end()) return std::nullopt;
    std::vector<std::string> names;
    for (const auto* sub : group->get_subcommands([](const CLI::App*) { return true; })) names.push_back(sub->get_name());
    const auto near = nearest(*word, names);
    const auto prefix = group == &cli ? std::string{"focus"} : "focus " + group->get_name();
    return std::format("there is no command \"{} {}\"{}", prefix, *word,
                       near ? std::format(": did you mean \"{} {}\"?", prefix, *near) : std::format("; `{} --help` names them", prefix));
}

/// The errors in a command's input, field by field.
std::string explain(const Error& error) {
    std::string text = error.message(Language::en);
    for (const auto& fault : error.faults()) {
        text += "\n  ";
        for (const auto& step : fault.loc) {
            if (const auto* name = std::get_if<std::string>(&step)) text += *name + " ";
        }
        text += fault.message.render(Language::en, fault.args);
    }
    return error.cause().empty() ? text : text + " (" + error.cause() + ")";
}

} // namespace

int run_command(int argc, char** argv) {
    try {
        CommandLine line;
        try {
            line.cli.parse(argc, argv);
        } catch (const CLI::RequiredError& error) {
            const auto unknown = unknown_command(line.cli);
            if (!unknown) return line.cli.exit(error) == 0 ? 0 : k_wrong_usage;
            std::cerr << "focus: " << *unknown << "\n";
            return k_wrong_usage;
        } catch (const CLI::ParseError& error) {
            return line.cli.exit(error) == 0 ? 0 : k_wrong_usage;
        }
        return line.chosen();
    } catch (const std::invalid_argument& error) {
        std::cerr << "focus: " << error.what() << "\n";
        return k_wrong_usage;
    } catch (const Error& error) {
        std::cerr << "focus: " << explain(error) << "\n";
        return k_failed;
    } catch (const std::exception& error) {
        std::cerr << "focus: " << error.what() << "\n";
        return k_failed;
    }
}

} // namespace focus::app
