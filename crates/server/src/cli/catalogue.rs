//! `doorbuster product`, `coupon` and `user` on the command line.

use clap::{Args, Subcommand};
use domain::limits::NUMBER_MAX;

use super::{ListArgs, MomentArgs, ShopArgs, moment};

#[derive(Debug, Clone, Args)]
pub struct ProductArgs {
    #[command(subcommand)]
    pub act: ProductCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ProductCommand {
    /// List products with their counts of units
    List {
        /// Only products with this text in the name or SKU
        #[arg(value_name = "TEXT")]
        text: Option<String>,
        /// Only products with this status: ON_SALE, SOLD_OUT, PAUSED, DISCONTINUED
        #[arg(long, value_name = "STATUS")]
        status: Option<String>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show one product
    Show {
        #[arg(value_name = "ID", value_parser = id())]
        id: i64,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Add a product
    Create {
        #[arg(value_name = "NAME")]
        name: String,
        /// Price, in the currency's smallest unit
        #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
        price: i64,
        /// Units on hand
        #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 0)]
        stock: i64,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Change a product's price or status
    Change {
        #[arg(value_name = "ID", value_parser = id())]
        id: i64,
        /// New price, in the currency's smallest unit
        #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true, required_unless_present = "status")]
        price: Option<i64>,
        /// New status: ON_SALE, PAUSED, DISCONTINUED
        #[arg(long, value_name = "STATUS")]
        status: Option<String>,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Add units to the stock, or write off units
    Stock {
        #[arg(value_name = "ID", value_parser = id())]
        id: i64,
        /// Units received, or written off if negative
        #[arg(long, value_name = "N", allow_negative_numbers = true)]
        delta: i64,
        /// Reason, for the record
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    #[command(flatten)]
    Past(PastCommand),
}

#[derive(Debug, Clone, Args)]
pub struct CouponArgs {
    #[command(subcommand)]
    pub act: CouponCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum CouponCommand {
    /// List campaigns with their counts of coupons
    List {
        /// Only campaigns with this text in the name
        #[arg(value_name = "TEXT")]
        text: Option<String>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show one campaign
    Show {
        #[arg(value_name = "ID", value_parser = id())]
        id: i64,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Add a campaign
    Create(Box<NewCampaignArgs>),
    /// Stop issuing a campaign's coupons until it is resumed
    Pause {
        #[arg(value_name = "ID", value_parser = id())]
        id: i64,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Issue a paused campaign's coupons again
    Resume {
        #[arg(value_name = "ID", value_parser = id())]
        id: i64,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Raise a campaign's number of coupons, or move its end
    Change {
        #[arg(value_name = "ID", value_parser = id())]
        id: i64,
        /// New number of coupons; it can only be raised
        #[arg(long, value_name = "N", allow_negative_numbers = true, required_unless_present = "until")]
        quantity: Option<i64>,
        /// New end of issuing
        #[arg(long, value_name = "TIME", value_parser = moment)]
        until: Option<String>,
        #[command(flatten)]
        shop: ShopArgs,
    },
    #[command(flatten)]
    Past(PastCommand),
}

#[derive(Debug, Clone, Args)]
#[group(id = "discount", args = ["percent", "amount"], required = true, multiple = false)]
pub struct NewCampaignArgs {
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Number of coupons
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub quantity: i64,
    /// Discount in percent of the price
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true)]
    pub percent: Option<i64>,
    /// Largest discount of a percentage, in the currency's smallest unit
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true, requires = "percent", conflicts_with = "amount")]
    pub max_amount: Option<i64>,
    /// Discount as an amount, in the currency's smallest unit
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    pub amount: Option<i64>,
    /// Start of issuing, such as 2026-12-01T10:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub from: String,
    /// End of issuing
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub until: String,
    /// Time until which issued coupons can be used; default: the end of issuing
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub valid_until: Option<String>,
    #[command(flatten)]
    pub shop: ShopArgs,
}

#[derive(Debug, Clone, Args)]
pub struct UserArgs {
    #[command(subcommand)]
    pub act: PastCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum PastCommand {
    /// Show the state at a moment, computed from the events alone, and the events up to it
    History {
        #[arg(value_name = "ID", value_parser = id())]
        id: i64,
        #[command(flatten)]
        moment: MomentArgs,
        #[command(flatten)]
        shop: ShopArgs,
    },
}

fn id() -> clap::builder::RangedI64ValueParser<i64> {
    clap::value_parser!(i64).range(1..=NUMBER_MAX)
}
