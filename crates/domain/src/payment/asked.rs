//! What a provider is asked to do, and the key that names it for good.

use crate::ids::Code;

/// What is done to money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deed {
    /// Sets the amount aside.
    Authorize,
    /// Takes what was set aside.
    Capture,
    /// Gives up what was set aside and not taken.
    Void,
    /// Gives back what was taken, or part of it.
    Refund,
}

impl Deed {
    pub const ALL: [Deed; 4] = [Deed::Authorize, Deed::Capture, Deed::Void, Deed::Refund];

    pub const fn name(self) -> &'static str {
        match self {
            Deed::Authorize => "authorize",
            Deed::Capture => "capture",
            Deed::Void => "void",
            Deed::Refund => "refund",
        }
    }

    pub fn of_name(name: &str) -> Option<Deed> {
        Deed::ALL.into_iter().find(|deed| deed.name() == name)
    }
}

/// One deed of one attempt. It has no number of its tries: however often it is asked for, it is the same deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asked {
    pub attempt: i64,
    pub deed: Deed,
    /// Which refund of the attempt it is, from 1; zero for every other deed.
    pub refund: i64,
}

impl Asked {
    /// `{orderNumber}/{attempt}/{deed}`, and for a refund its number behind it.
    pub fn key(&self, order: &Code) -> String {
        let Asked { attempt, deed, refund } = self;
        match deed {
            Deed::Refund => format!("{order}/{attempt}/{}/{refund}", deed.name()),
            Deed::Authorize | Deed::Capture | Deed::Void => format!("{order}/{attempt}/{}", deed.name()),
        }
    }

    /// Reads a key back: the order's number and what was asked.
    pub fn of_key(key: &str) -> Option<(&str, Asked)> {
        let mut parts = key.split('/');
        let (order, attempt) = (parts.next()?, parts.next()?.parse().ok()?);
        let deed = Deed::of_name(parts.next()?)?;
        let refund = match deed {
            Deed::Refund => parts.next()?.parse().ok()?,
            Deed::Authorize | Deed::Capture | Deed::Void => 0,
        };
        parts.next().is_none().then_some((order, Asked { attempt, deed, refund }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_order_attempt_and_deed_and_is_read_back() {
        let order = Code::from("ORD-1");
        for deed in Deed::ALL {
            let asked = Asked { attempt: 2, deed, refund: if deed == Deed::Refund { 3 } else { 0 } };
            assert_eq!(Asked::of_key(&asked.key(&order)), Some(("ORD-1", asked)));
        }
        assert_eq!(Asked { attempt: 2, deed: Deed::Refund, refund: 3 }.key(&order), "ORD-1/2/refund/3");
    }

    #[test]
    fn what_is_no_key_is_not_read() {
        for text in ["", "ORD-1", "ORD-1/x/void", "ORD-1/1/steal", "ORD-1/1/void/2", "ORD-1/1/refund"] {
            assert_eq!(Asked::of_key(text), None, "{text}");
        }
    }
}
