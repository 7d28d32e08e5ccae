//! Databases on the real server, each dropped with its test.

use std::sync::atomic::{AtomicU32, Ordering};

use adapters::mysql::{self, MysqlSnapshot};
use app::conformance::{Fixture, Opened};
use app::ports::BoxFuture;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, OptsBuilder};
use tokio::runtime::{Builder, Runtime};
use xtask::addresses::{Service, address};

/// A database of the test's own.
pub(crate) struct Database {
    server: String,
    name: String,
}

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

impl Database {
    /// Returns `None` where there is no server, which is reported as a skip.
    pub(crate) fn new(test: &str) -> Option<Database> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let server = address(Service::Mysql, test)?;
        let name = format!("test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let database = Database { server, name };
        database.on_server(&format!("CREATE DATABASE {}", database.name));
        Some(database)
    }

    pub(crate) fn url(&self) -> String {
        format!("{}{}", self.server, self.name)
    }

    /// The server's address.
    pub(crate) fn host(&self) -> String {
        let opts = mysql_async::Opts::from_url(&self.server).unwrap();
        format!("{}:{}", opts.ip_or_hostname(), opts.tcp_port())
    }

    /// The same database over another port of this machine.
    pub(crate) fn url_over(&self, port: u16) -> String {
        self.url().replace(&self.host(), &format!("127.0.0.1:{port}"))
    }

    /// Ends every connection to the database.
    pub(crate) fn kill_all(&self) {
        runtime().block_on(async {
            let mut connection = Conn::from_url(&self.server).await.unwrap();
            let ids = format!("SELECT id FROM information_schema.processlist WHERE db = '{}'", self.name);
            for id in connection.query::<u64, _>(ids).await.unwrap() {
                // It may have ended by itself.
                let _ = connection.query_drop(format!("KILL {id}")).await;
            }
            connection.disconnect().await.unwrap();
        });
    }

    pub(crate) async fn opened(&self) -> mysql::Opened {
        mysql::open(&self.url(), mysql::Options::default()).await.unwrap()
    }

    pub(crate) fn snapshot(&self) -> MysqlSnapshot {
        MysqlSnapshot::open(&self.url()).unwrap()
    }

    /// Executes SQL as an operator with a client would; returns the number of changed rows.
    pub(crate) fn execute(&self, sql: &str) -> u64 {
        runtime().block_on(async {
            let mut connection = Conn::from_url(self.url()).await.unwrap();
            connection.query_drop(sql).await.unwrap();
            let touched = connection.affected_rows();
            connection.disconnect().await.unwrap();
            touched
        })
    }

    /// Returns the first column of a query's rows.
    pub(crate) fn texts(&self, sql: &str) -> Vec<String> {
        runtime().block_on(async {
            let mut connection = Conn::from_url(self.url()).await.unwrap();
            let found = connection.query(sql).await.unwrap();
            connection.disconnect().await.unwrap();
            found
        })
    }

    fn on_server(&self, sql: &str) {
        let opts = OptsBuilder::from_opts(mysql_async::Opts::from_url(&self.server).unwrap());
        runtime().block_on(async {
            let mut connection = Conn::new(opts).await.unwrap();
            connection.query_drop(sql).await.unwrap();
            connection.disconnect().await.unwrap();
        });
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE {}", self.name);
        // On another thread, because a test may drop its database within a runtime.
        std::thread::scope(|scope| scope.spawn(|| self.on_server(&sql)).join()).unwrap();
    }
}

impl Fixture for Database {
    fn open(&mut self) -> BoxFuture<'_, Opened> {
        Box::pin(async move {
            let mysql::Opened { store, log, trail, .. } = self.opened().await;
            Opened { store: Box::new(store), log: Box::new(log), trail: Box::new(trail) }
        })
    }
}
