//! How PostgreSQL carries out a statement: `explain (analyze, buffers)` of it, with the very text
//! and parameters that a request would send, in a transaction that is rolled back.

use futures_util::FutureExt as _;
use serde_json::Value;
use shared::row_security::Person;
use sqlx::{
    Arguments as _, AssertSqlSafe, Encode, Execute as _, PgConnection, Postgres, QueryBuilder,
    Type, postgres::PgArguments,
};

use super::{
    Db, DbError, LostRace, Retry, Retryable,
    row_security::{enter, leave},
    transaction,
};

/// Longest that one statement may take: an explanation is no load test.
const LIMIT: &str = "set local statement_timeout = '2s'";

/// One statement of an operation with parameters of the seeded data.
#[derive(Clone)]
pub struct Statement {
    /// What it is for, in a word or two.
    pub what: &'static str,
    /// How often one request sends it, at most.
    pub times: u32,
    /// Its text.
    pub sql: String,
    /// For whom it runs where row-level security is in force.
    person: Option<Person>,
    arguments: PgArguments,
}

impl Statement {
    /// A statement whose parameters are bound by [`bind`](Self::bind), in their order.
    pub fn of(what: &'static str, sql: &'static str) -> Self {
        Self {
            what,
            times: 1,
            sql: sql.to_owned(),
            person: None,
            arguments: PgArguments::default(),
        }
    }

    /// A statement that was put together with its parameters.
    pub fn built(what: &'static str, mut sql: QueryBuilder<Postgres>) -> Self {
        let text = sql.sql().as_str().to_owned();
        let arguments = sql.build().take_arguments().ok().flatten();
        Self {
            what,
            times: 1,
            sql: text,
            person: None,
            arguments: arguments.unwrap_or_default(),
        }
    }

    /// Sent up to `times` times by one request.
    #[must_use]
    pub fn repeated(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Run for a person, as the request does under row-level security.
    #[must_use]
    pub const fn run_for(mut self, person: Person) -> Self {
        self.person = Some(person);
        self
    }

    /// The next parameter.
    #[must_use]
    pub fn bind<T>(mut self, value: T) -> Self
    where
        T: for<'q> Encode<'q, Postgres> + Type<Postgres>,
    {
        // Ids, numbers, texts and instants always encode; one that did not would be missed by
        // the server, which reports it.
        if let Err(error) = self.arguments.add(value) {
            tracing::warn!(%error, "a parameter cannot be encoded");
        }
        self
    }
}

/// The plans, as a failure of the transaction that made them: so that it is rolled back.
enum Rollback {
    Explained(Vec<Value>),
    Failed(DbError),
}

impl From<DbError> for Rollback {
    fn from(error: DbError) -> Self {
        Self::Failed(error)
    }
}

impl Retryable for Rollback {
    fn lost_race(&self) -> Option<LostRace> {
        match self {
            Self::Failed(error) => error.lost_race(),
            Self::Explained(_) => None,
        }
    }
}

/// The plan of each statement, in their order, as PostgreSQL writes it (`format json`). They run
/// one after the other and leave nothing behind.
///
/// # Errors
///
/// Where the pool has no connection, or a statement fails or takes longer than two seconds.
pub async fn explain(db: &Db, statements: Vec<Statement>) -> Result<Vec<Value>, DbError> {
    let secured = db.is_secured();
    let ended = transaction(db, Retry::Never, move |conn| {
        let statements = statements.clone();
        async move {
            match plans(conn, secured, statements).await {
                Ok(plans) => Err::<(), _>(Rollback::Explained(plans)),
                Err(error) => Err(Rollback::Failed(error)),
            }
        }
        .boxed()
    })
    .await;
    match ended {
        Ok(()) => Ok(Vec::new()),
        Err(Rollback::Explained(plans)) => Ok(plans),
        Err(Rollback::Failed(error)) => Err(error),
    }
}

async fn plans(
    conn: &mut PgConnection,
    secured: bool,
    statements: Vec<Statement>,
) -> Result<Vec<Value>, DbError> {
    sqlx::query(LIMIT).execute(&mut *conn).await?;
    let mut plans = Vec::with_capacity(statements.len());
    for one in statements {
        if secured {
            match one.person {
                Some(person) => enter(conn, person).await?,
                None => leave(conn).await?,
            }
        }
        // Only texts of the repositories come here, and their parameters stay parameters.
        let text = AssertSqlSafe(format!(
            "explain (analyze, buffers, format json) {}",
            one.sql
        ));
        let plan = sqlx::query_scalar_with::<_, Value, _>(text, one.arguments)
            // Another statement each time: nothing is gained by keeping it prepared.
            .persistent(false)
            .fetch_one(&mut *conn)
            .await?;
        plans.push(plan);
    }
    Ok(plans)
}
