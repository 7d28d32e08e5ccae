//! Measures the engine over the real server, without HTTP. Run on request:
//! `cargo test --release -p adapters --test it mysql::throughput -- --ignored --nocapture`

use app::commands::Command;
use app::state::settings::Executor;
use domain::ids::UserId;
use domain::money::Money;

use crate::database::Database;
use crate::shop::{Shop, order};
use crate::throughput::measure;

#[test]
#[ignore = "takes long, and means something only with --release"]
fn decisions_per_second_on_a_shared_store() {
    let Some(database) = Database::new("decisions_per_second_on_a_shared_store") else { return };
    let mut shop = Shop::on(&database, Executor::Inline);
    let (product, campaign) = (shop.register_product(1_000_000_000), shop.create_campaign(1_000_000));
    let users = || (1..=20_000).map(UserId);
    let charge = |user| Command::ChargePoints { user, amount: Money::won(1_000_000) };
    let plain = |user| Command::PlaceOrder(Box::new(order(user, product, 1)));
    measure("charge points", &mut shop, 512, users().map(charge));
    measure("issue a coupon", &mut shop, 512, users().map(|user| Command::IssueCoupon { campaign, user }));
    for size in [512, 512, 1_024, 64] {
        measure("order of one hot product", &mut shop, size, users().map(plain));
    }
}
