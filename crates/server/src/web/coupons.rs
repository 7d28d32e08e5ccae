//! Campaigns: what a coupon is worth, how many are left, and until when.

use app::events::wire_time;
use axum::extract::State;
use axum::response::Response;
use domain::coupon::Campaign;
use domain::ids::CampaignId;
use domain::time::Timestamp;
use maud::{Markup, html};

use super::format::{at_most, count, meter, moment, worth};
use super::layout::page;
use super::reader::Reader;
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::{Text, pages};
use crate::http::Problem;

const CAMPAIGNS_SHOWN: usize = 100;
/// A moment that is nearer is counted down to; a later one is a date.
const COUNTED_US: i64 = 30 * 86_400_000_000;
/// A longer worth is set in smaller type.
const WORTH_CHARS: usize = 6;

/// What a campaign does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Upcoming,
    Open,
    Paused,
    AllTaken,
    Ended,
}

impl Phase {
    pub(crate) fn of(campaign: &Campaign, now: Timestamp) -> Phase {
        if campaign.issue_ends_at <= now {
            Phase::Ended
        } else if campaign.remaining() == 0 {
            Phase::AllTaken
        } else if campaign.paused {
            Phase::Paused
        } else if now < campaign.issue_starts_at {
            Phase::Upcoming
        } else {
            Phase::Open
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Phase::Upcoming => "upcoming",
            Phase::Open => "open",
            Phase::Paused => "paused",
            Phase::AllTaken => "all-taken",
            Phase::Ended => "ended",
        }
    }
}

/// Returns true if a customer may still get a coupon, now or later.
pub(crate) fn is_open_to(campaign: &Campaign, now: Timestamp) -> bool {
    match Phase::of(campaign, now) {
        Phase::Open | Phase::Upcoming => true,
        Phase::Paused | Phase::AllTaken | Phase::Ended => false,
    }
}

/// Orders campaigns for people: open ones first, then by the end of their issue.
pub(crate) fn urgency(campaign: &Campaign, now: Timestamp) -> (bool, Timestamp, CampaignId) {
    (Phase::of(campaign, now) != Phase::Open, campaign.issue_ends_at, campaign.id)
}

/// `GET /coupons`.
pub(crate) async fn list(State(shop): State<Shop>, reader: Reader) -> Result<Response, Problem> {
    let mut campaigns = shop.submitter.views.campaigns(None, CAMPAIGNS_SHOWN).await.map_err(unavailable)?;
    campaigns.sort_by_key(|campaign| (!is_open_to(campaign, reader.now), campaign.issue_ends_at, campaign.id));
    let say = |text: Text| text.of(reader.language);
    let content = html! {
        section.section aria-labelledby="title" {
            div.spread { div.stack { h1 #title { (say(pages::COUPONS_TITLE)) } p.soft { (say(pages::COUPONS_LEAD)) } } }
            @if campaigns.is_empty() {
                div.empty { p { (say(pages::NO_CAMPAIGNS)) } }
            } @else {
                ul.tickets { @for campaign in &campaigns { (ticket(campaign, &reader)) } }
            }
        }
    };
    Ok(page(&reader, say(pages::COUPONS), content))
}

fn ticket(campaign: &Campaign, reader: &Reader) -> Markup {
    let language = reader.language;
    let say = |text: Text| text.of(language);
    let phase = Phase::of(campaign, reader.now);
    let worth = worth(campaign.discount, language);
    let is_over = !is_open_to(campaign, reader.now);
    html! {
        li.ticket.over[is_over] data-campaign=(campaign.id.0) data-phase=(phase.name())
            data-yours=(pages::YOURS.with("{0}").with(count(campaign.quantity)).of(language)) {
            div.stub {
                span.worth.long[worth.chars().count() > WORTH_CHARS] { (worth) }
                @if let Some(most) = at_most(campaign.discount, language) { span.faint { (most) } }
            }
            div.body {
                h3 { (campaign.name) }
                (meter(campaign.remaining(), campaign.quantity, say(pages::COUPONS_LEFT)))
                p.spread {
                    span.num data-left-text=(pages::ISSUED_OF.with("{0}").with(count(campaign.quantity)).of(language)) {
                        (pages::ISSUED_OF.with(count(campaign.remaining())).with(count(campaign.quantity)).of(language))
                    }
                    span.faint { (clock(campaign, reader)) }
                }
                p.faint {
                    (pages::PER_PERSON.with(campaign.issue_per_user_max).of(language)) " · "
                    (pages::USE_UNTIL.with(moment(campaign.valid_until)).of(language))
                }
                div.row {
                    @match (phase, reader.user) {
                        (Phase::Open | Phase::Upcoming, Some(_)) => {
                            button.small type="button" data-issue=(campaign.id.0) disabled[phase == Phase::Upcoming] { (say(pages::GET_COUPON)) }
                        }
                        (Phase::Open | Phase::Upcoming, None) => {
                            a.button.quiet href="/login?next=/coupons" { (say(pages::LOG_IN_FIRST)) }
                        }
                        (Phase::Paused, _) => span.chip.warn { (say(pages::PAUSED)) },
                        (Phase::AllTaken, _) => span.chip { (say(pages::ALL_TAKEN)) },
                        (Phase::Ended, _) => span.chip { (say(pages::ENDED)) },
                    }
                }
                p.say role="status" {}
            }
        }
    }
}

/// The countdown to a campaign's start or end.
pub(crate) fn clock(campaign: &Campaign, reader: &Reader) -> Markup {
    let (counted, dated, until) = match Phase::of(campaign, reader.now) {
        Phase::Upcoming => (pages::STARTS_IN, pages::STARTS_ON, campaign.issue_starts_at),
        Phase::Open | Phase::Paused | Phase::AllTaken => (pages::ENDS_IN, pages::ENDS_ON, campaign.issue_ends_at),
        Phase::Ended => return html! { (pages::ENDED.of(reader.language)) },
    };
    let is_near = until.micros() - reader.now.micros() < COUNTED_US;
    let (text, kind) = if is_near { (counted, "until") } else { (dated, "at") };
    html! {
        (text.of(reader.language)) " "
        time.num datetime=(wire_time::format(until)) data-time=(kind) { (moment(until)) }
    }
}
