//! Drops, their customers, and then the links of their chains.

use app::audit::DropFact;
use domain::drops::{Buyer, Card, Drop, Link};

use super::{Source, Stream};
use crate::selects::{select_buyer, select_card, select_drop, select_drop_link};

pub(crate) const DROPS: Source = Source { select: select_drop!("ORDER BY drop_id"), table: "drops", key_column: 0 };
pub(crate) const BUYERS: Source =
    Source { select: select_buyer!("ORDER BY drop_id, user_id"), table: "drop_buyer", key_column: 0 };
pub(crate) const CARDS: Source =
    Source { select: select_card!("ORDER BY drop_id, card_hash"), table: "drop_card", key_column: 0 };

pub(crate) const LINKS: Source =
    Source { select: select_drop_link!("ORDER BY drop_id, number"), table: "drop_link", key_column: 0 };

pub(crate) fn report<E>(
    mut drops: Stream<'_, Drop, E>,
    mut buyers: Stream<'_, Buyer, E>,
    mut cards: Stream<'_, Card, E>,
    mut links: Stream<'_, Link, E>,
    each: &mut dyn FnMut(DropFact),
) -> Result<(), E> {
    while let Some(drop) = drops.any()? {
        each(DropFact::Drop(Box::new(drop)));
    }
    while let Some(buyer) = buyers.any()? {
        each(DropFact::Buyer(buyer));
    }
    while let Some(card) = cards.any()? {
        each(DropFact::Card(card));
    }
    while let Some(link) = links.any()? {
        each(DropFact::Link(link));
    }
    Ok(())
}
