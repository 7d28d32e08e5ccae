//! Commands about a store that takes no writes, and what refuses this program.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};

use mysql_async::Row;
use serde_json::{Value, json};
use xtask::mariadb_server::MariadbServer;

use crate::shared::{Database, ask};
use crate::shop::{ANN, TestShop};

/// Commands that change nothing. Each prints a text with the second part.
const READING: [(&[&str], &str); 9] = [
    (&["order", "list"], "ORD-"),
    (&["product", "list"], "Sneaker"),
    (&["coupon", "list"], "Opening"),
    (&["user", "history", "1"], "700"),
    (&["payment", "list"], "There are none."),
    (&["dlq", "list"], ""),
    (&["trail"], "registerProduct"),
    (&["groups", "list"], "GROUP"),
    (&["export", "orders"], "ORD-"),
];

fn doorbuster(args: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(args).arg("--data-dir").arg(folder).env("DOORBUSTER_AUTH_SECRET", crate::shop::SECRET);
    command
}

/// Returns what was told on stderr by a command that ended with this code.
#[track_caller]
fn told(output: &Output, code: i32) -> String {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{told}");
    told
}

#[track_caller]
fn assert_readable(command: impl Fn(&[&str]) -> Command) {
    for (args, part) in READING {
        let output = command(args).output().unwrap();
        told(&output, 0);
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(shown.contains(part), "{args:?}: {shown}");
    }
    let audit = command(&["audit", "--json"]).output().unwrap();
    told(&audit, 0);
    let audit: Value = serde_json::from_slice(&audit.stdout).unwrap();
    assert_eq!(audit["violations"], 0, "{audit}");
}

fn fill(shop: &TestShop) {
    let product = shop.product(0, 5);
    shop.campaign(3, &json!({}));
    shop.charge(ANN, 700);
    shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
}

fn set_modes(folder: &Path, of_folder: u32, of_files: u32) {
    for file in fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|file| file.path().is_file()) {
        fs::set_permissions(file.path(), Permissions::from_mode(of_files)).unwrap();
    }
    fs::set_permissions(folder, Permissions::from_mode(of_folder)).unwrap();
}

/// Runs a command as a user who may not write. Permissions do not stop root.
fn as_reader(command: &mut Command) {
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(65_534).gid(65_534);
    }
}

#[test]
fn a_read_only_folder_is_read_and_not_served() {
    let mut shop = TestShop::start();
    fill(&shop);
    shop.stop();
    let folder = shop.folder().to_owned();
    let command = |args: &[&str]| {
        let mut command = doorbuster(args, &folder);
        as_reader(&mut command);
        command
    };
    set_modes(&folder, 0o555, 0o444);
    let before = fs::read(folder.join("shop.db")).unwrap();
    assert_readable(command);
    let open_to_all = std::env::temp_dir().join(format!("doorbuster-open-to-all-{}", std::process::id()));
    fs::create_dir(&open_to_all).unwrap();
    fs::set_permissions(&open_to_all, Permissions::from_mode(0o777)).unwrap();
    let backup = open_to_all.join("shop.backup").display().to_string();
    told(&command(&["backup", &backup, "--verify"]).output().unwrap(), 0);
    fs::remove_dir_all(open_to_all).unwrap();
    assert_eq!(fs::read(folder.join("shop.db")).unwrap(), before, "nothing was written");
    let refused = told(&command(&["serve", "--listen", "127.0.0.1:0"]).output().unwrap(), 2);
    assert!(refused.contains("this user has no permission") && refused.contains("--data-dir"), "{refused}");
    let refused = told(&command(&["product", "create", "Hat", "--price", "1"]).output().unwrap(), 2);
    assert!(refused.contains("this user has no permission"), "{refused}");
    // A killed shop has commits in its log, which cannot be read without writing.
    set_modes(&folder, 0o700, 0o600);
    shop.open();
    shop.charge(ANN, 1);
    shop.kill();
    fs::remove_file(folder.join("shop.db-shm")).unwrap();
    set_modes(&folder, 0o555, 0o444);
    let refused = told(&command(&["order", "list"]).output().unwrap(), 1);
    assert!(
        refused.contains("is read-only, and the log beside it") && refused.contains("copy the whole folder"),
        "{refused}"
    );
    set_modes(&folder, 0o700, 0o600);
}

#[test]
fn a_command_that_reads_opens_no_shop_and_migrates_none() {
    let mut shop = TestShop::start();
    fill(&shop);
    shop.stop();
    let value = |sql: &str| shop.edit().query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    let openings = || value("SELECT CAST(value AS TEXT) FROM meta WHERE name = 'openings'");
    let before = openings();
    assert_readable(|args| doorbuster(args, shop.folder()));
    assert_eq!(openings(), before);
    let set_back = "UPDATE refinery_schema_history SET version = version - 1000";
    shop.edit().execute(set_back, []).unwrap();
    let older = || value("SELECT CAST(max(version) AS TEXT) FROM refinery_schema_history");
    let found = older();
    for args in [&["order", "list"] as &[&str], &["export", "orders"], &["audit"]] {
        let refused = told(&doorbuster(args, shop.folder()).output().unwrap(), 1);
        assert!(refused.contains(&format!("has schema version {found}, and this program needs version")), "{refused}");
        assert!(refused.contains("run `doorbuster serve` of this version once"), "{refused}");
    }
    assert_eq!(older(), found, "nothing was migrated");
    shop.edit().execute("UPDATE refinery_schema_history SET version = version + 1000", []).unwrap();
}

#[test]
fn a_replica_is_read_and_a_refusing_database_is_a_wrong_setting() {
    const TEST: &str = "a_replica_is_read_and_a_refusing_database_is_a_wrong_setting";
    let Some(server) = MariadbServer::start(TEST) else { return };
    let database = Database::on(server.address());
    let mut shop = database.shop();
    fill(&shop);
    shop.stop();
    let name = database.url().rsplit('/').next().unwrap().to_owned();
    let tell = |statement: &str| drop(database.ask::<Row>(statement));
    for (user, right) in [("seller", "ALL"), ("viewer", "SELECT")] {
        tell(&format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'pw'"));
        tell(&format!("GRANT {right} ON {name}.* TO '{user}'@'%'"));
    }
    tell("CREATE USER 'stranger'@'%' IDENTIFIED BY 'pw'");
    let url = |user: &str| format!("mysql://{user}@127.0.0.1:{}/{name}", server.port());
    let run = |url: &str, args: &[&str]| {
        let mut command = doorbuster(args, shop.folder());
        command.env("DATABASE_URL", url).output().unwrap()
    };
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let reading = |user: &str| {
        let url = url(user);
        assert_readable(|args| {
            let mut command = doorbuster(args, shop.folder());
            command.env("DATABASE_URL", &url);
            command
        });
    };
    reading("viewer:pw");
    let refused = told(&run(&url("viewer:pw"), &serve), 2);
    assert!(refused.contains("1142") && refused.contains("the user's rights"), "{refused}");
    for (url, number) in [
        (url("seller:wrong"), "1045"),
        (url("stranger:pw"), "1044"),
        (url("doorbuster:doorbuster") + "_elsewhere", "1049"),
    ] {
        for args in [&serve as &[&str], &["order", "list"], &["audit"], &["export", "orders"]] {
            let refused = told(&run(&url, args), 2);
            assert!(refused.contains(number) && refused.contains("correct user, password and name"), "{refused}");
            assert!(!refused.contains(":wrong") && !refused.contains("restore"), "{refused}");
        }
    }
    let silent = told(&run("mysql://seller:pw@127.0.0.1:1/shop", &serve), 69);
    assert!(silent.contains("the connection was refused"), "{silent}");

    let _set: Vec<Row> = ask(&server.address(), "SET GLOBAL read_only = ON");
    reading("seller:pw");
    let refused = told(&run(&url("seller:pw"), &serve), 69);
    assert!(refused.contains("the database is read-only") && refused.contains("name the primary"), "{refused}");
    let refused = told(&run(&url("seller:pw"), &["product", "create", "Hat", "--price", "1"]), 69);
    assert!(refused.contains("the database is read-only"), "{refused}");

    tell("UPDATE refinery_schema_history SET version = version - 1000");
    for args in [&["order", "list"] as &[&str], &["export", "orders"], &["audit"]] {
        let refused = told(&run(&url("seller:pw"), args), 1);
        assert!(refused.contains("has schema version") && refused.contains("where this is a replica"), "{refused}");
    }
    tell("UPDATE refinery_schema_history SET version = version + 1000");
    let _set: Vec<Row> = ask(&server.address(), "SET GLOBAL read_only = OFF");
}
