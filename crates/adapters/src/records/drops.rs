//! Drops and their customers.

use domain::drops::{Buyer, Card, CardHash, Drop, Link, LinkKind};
use domain::ids::{DropId, OrderId};

use super::{Cells, FromCells};

impl FromCells for Drop {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Drop, C::Error> {
        let _id: i64 = cells.take()?;
        cells.json()
    }
}

impl FromCells for Buyer {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Buyer, C::Error> {
        let _key: (i64, i64) = (cells.take()?, cells.take()?);
        cells.json()
    }
}

impl FromCells for Card {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Card, C::Error> {
        Ok(Card { drop: DropId(cells.take()?), hash: CardHash(cells.hash()?), units: cells.take()? })
    }
}

impl FromCells for Link {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Link, C::Error> {
        Ok(Link {
            drop: DropId(cells.take()?),
            number: cells.take()?,
            at: cells.at()?,
            customer: cells.take()?,
            kind: cells.word(&LinkKind::ALL, LinkKind::name)?,
            subject: cells.take()?,
            order: cells.take::<Option<i64>>()?.map(OrderId),
            previous: cells.take()?,
            hash: cells.take()?,
        })
    }
}
