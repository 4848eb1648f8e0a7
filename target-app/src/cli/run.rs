//! Doing what was asked.

use std::{
    io::{self, Write as _},
    num::NonZero,
    process::ExitCode,
    thread,
    time::Duration,
};

use secrecy::ExposeSecret as _;
use shared::{
    invariant::AuditReport,
    profile::{HashScheme, Profile},
};

use super::{
    Cli, Command, Exit,
    args::{DatabaseArgs, ProviderArgs},
    healthcheck,
};
use crate::{
    app::AppServer,
    clock::Clock,
    config::{Args, Config, LogFormat},
    db, features, limits, openapi,
    provider::{WebhookKey, fake::FakeProvider},
    security::hash_rate,
    seed::{self, ExistingData, SeedOptions},
    shutdown::Shutdown,
    telemetry,
};

impl Cli {
    /// Does what was asked; says in one line on standard error why it could not.
    pub fn run(self) -> ExitCode {
        let outcome = match self.command {
            Command::Healthcheck { listen } => healthcheck(listen),
            Command::Openapi => describe(),
            Command::HashRate {
                scheme,
                threads,
                seconds,
            } => rate_of_hashes(scheme, threads, seconds),
            command => match tokio::runtime::Runtime::new() {
                Ok(runtime) => runtime.block_on(work(command)),
                Err(failure) => Err(Exit::internal(&failure)),
            },
        };
        match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(exit) => exit.print(),
        }
    }
}

async fn work(command: Command) -> Result<(), Exit> {
    limits::survive_large_files().map_err(|error| Exit::internal(&error))?;
    match command {
        Command::Serve(args) => Box::pin(serve(*args)).await,
        Command::Migrate { database } => migrate(database).await,
        Command::PaymentProvider(args) => provide(args).await,
        Command::Audit { database, json } => audit(database, json).await,
        Command::Seed {
            database,
            scale,
            seed,
            anchor,
            force,
            if_empty,
            media_dir,
        } => {
            let args = Args {
                media_dir,
                ..database.into()
            }
            .with_file()?;
            let options = SeedOptions {
                scale,
                seed,
                anchor,
                present: match (force, if_empty) {
                    (true, _) => ExistingData::Replace,
                    (false, true) => ExistingData::Keep,
                    (false, false) => ExistingData::Refuse,
                },
                media_dir: args.media_dir(),
            };
            fill(&args, options).await
        }
        Command::Healthcheck { .. } | Command::Openapi | Command::HashRate { .. } => {
            unreachable!("they are answered without a runtime")
        }
    }
}

async fn serve(args: Args) -> Result<(), Exit> {
    let config = Config::load(args)?;
    telemetry::init(config.log_format);
    if config.jwt_secret_is_random {
        tracing::warn!("no JWT secret is set: tokens end with this process, and work nowhere else");
    }
    if let Err(error) = limits::raise_open_files() {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
    let place = db::describe(config.database_url.expose_secret());
    let app = AppServer::build(config)
        .await
        .map_err(|error| Exit::start(&place, &error))?;
    app.shutdown()
        .listen()
        .map_err(|error| Exit::internal(&error))?;
    say(&format!("listening on http://{}", app.address()))?;
    app.run_until_stopped().await;
    Ok(())
}

async fn provide(args: ProviderArgs) -> Result<(), Exit> {
    telemetry::init(LogFormat::Text);
    let shutdown = Shutdown::default();
    let fake = FakeProvider::bind(
        args.listen,
        args.webhook_url,
        WebhookKey::new(&args.payment_webhook_secret.into_inner()),
        Clock::system(),
        args.behaviour,
        shutdown.token().clone(),
    )
    .await
    .map_err(|error| Exit {
        code: 2,
        message: format!("cannot listen on {}: {error}", args.listen),
    })?;
    shutdown.listen().map_err(|error| Exit::internal(&error))?;
    say(&format!("listening on http://{}", fake.address()))?;
    fake.run().await;
    Ok(())
}

async fn migrate(database: DatabaseArgs) -> Result<(), Exit> {
    let url = Args::from(database).with_file()?.database_url()?;
    let url = url.expose_secret();
    let place = db::describe(url);
    let cannot = |error: &dyn std::error::Error| Exit::database(&place, error);
    let pool = db::connect(url).await.map_err(|error| cannot(&error))?;
    db::migrate(&pool).await.map_err(|error| cannot(&error))?;
    // Constraints that only a deliberately wrong arm takes away.
    db::guards::apply(&pool, &Profile::default())
        .await
        .map_err(|error| cannot(&error))?;
    pool.close().await;
    say(&format!("the schema at {place} is up to date"))
}

async fn fill(args: &Args, options: SeedOptions) -> Result<(), Exit> {
    let url = args.database_url()?;
    let url = url.expose_secret();
    let outcome = seed::run(url, options, &features::registry().tables)
        .await
        .map_err(|error| Exit::seed(&db::describe(url), &error))?;
    say(&outcome.to_string())
}

async fn audit(database: DatabaseArgs, json: bool) -> Result<(), Exit> {
    let url = Args::from(database).with_file()?.database_url()?;
    let url = url.expose_secret();
    let place = db::describe(url);
    let cannot = |error: &dyn std::error::Error| Exit::database(&place, error);
    let pool = db::connect(url).await.map_err(|error| cannot(&error))?;
    let report = db::audit::run(&pool, &features::registry().invariants, None)
        .await
        .map_err(|error| cannot(&error))?;
    pool.close().await;
    if json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| Exit::internal(&error))?;
        say(&text)?;
    } else {
        say(table(&report).trim_end())?;
    }
    match report.violations() {
        0 => Ok(()),
        count => Err(Exit::violations(count)),
    }
}

fn table(report: &AuditReport) -> String {
    use std::fmt::Write as _;

    let mut text = String::new();
    for one in &report.invariants {
        let verdict = match one.violations {
            0 => "holds".to_owned(),
            count => format!("BROKEN by {count} rows"),
        };
        let _ = writeln!(text, "{:02} {:<28} {verdict}", one.number, one.name);
        for row in one.rows.iter().take(3) {
            let _ = writeln!(text, "   {row}");
        }
    }
    text
}

fn healthcheck(listen: Option<String>) -> Result<(), Exit> {
    let args = Args {
        listen: listen.filter(|text| !text.is_empty()),
        ..Args::default()
    };
    let address = args.listen()?;
    match healthcheck::ask(address) {
        Ok((200, _)) => say("ready"),
        Ok((_, body)) => Err(Exit {
            code: 1,
            message: format!("the server at {address} is not ready: {}", one_line(&body)),
        }),
        Err(failure) => Err(Exit {
            code: 1,
            message: format!("the server at {address} does not answer: {failure}"),
        }),
    }
}

fn describe() -> Result<(), Exit> {
    let text = openapi::document()
        .to_pretty_json()
        .map_err(|error| Exit::internal(&error))?;
    say(&text)
}

fn rate_of_hashes(scheme: HashScheme, threads: Option<u16>, span: Duration) -> Result<(), Exit> {
    let processors = || {
        let known = thread::available_parallelism().map_or(1, NonZero::get);
        u16::try_from(known).unwrap_or(u16::MAX)
    };
    let rate = hash_rate(scheme, threads.unwrap_or_else(processors), span)
        .map_err(|error| Exit::internal(&error))?;
    say(&serde_json::to_string(&rate).map_err(|error| Exit::internal(&error))?)
}

/// One line to standard output, at once: scripts wait for it.
fn say(line: &str) -> Result<(), Exit> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        // The reader has seen enough.
        Err(failure) if failure.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.map_err(|failure| Exit::internal(&failure)),
    }
}

/// The beginning of a text, without its line breaks.
fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use shared::invariant::InvariantResult;

    use super::*;

    #[test]
    fn an_audit_names_each_invariant_and_shows_the_first_rows_that_break_it() {
        let one = |number, violations| InvariantResult {
            number,
            name: "slot_capacity".into(),
            statement: String::new(),
            violations,
            rows: vec![serde_json::json!({"slot": 1}); violations as usize],
        };
        let text = table(&AuditReport {
            audited_at: chrono::DateTime::UNIX_EPOCH,
            took_ms: 1,
            invariants: vec![one(1, 0), one(2, 9)],
            failed: Vec::new(),
            cached: std::collections::BTreeMap::new(),
        });
        assert!(text.contains("01 slot_capacity"), "{text}");
        assert!(text.contains("BROKEN by 9 rows"), "{text}");
        assert_eq!(text.matches("{\"slot\":1}").count(), 3);
    }
}
