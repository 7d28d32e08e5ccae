//! The customers behind the tickets of a waiting room, in the order of their places.

use domain::drops::Queue;

/// Finds the customers whose turn has come.
#[derive(Debug, Default)]
pub(super) struct Admission {
    /// The customer of each ticket, from the first one on.
    owners: Vec<Option<u32>>,
    /// The ticket at each drawn place, from the first one on.
    drawn: Vec<usize>,
    is_open: bool,
    admitted: i64,
}

impl Admission {
    pub(super) fn note(&mut self, ticket: i64, customer: u32) {
        let place = index(ticket);
        if self.owners.len() <= place {
            self.owners.resize(place + 1, None);
        }
        self.owners[place] = Some(customer);
    }

    /// Returns the customers who were admitted since the last time, in their order.
    pub(super) fn admitted(&mut self, queue: &Queue) -> Vec<u32> {
        if queue.is_open() && !self.is_open {
            self.is_open = true;
            self.drawn = vec![0; index(queue.drawn + 1)];
            for ticket in 1..=queue.drawn {
                if let Some(spot) = queue.place(ticket).and_then(|place| self.drawn.get_mut(index(place))) {
                    *spot = index(ticket);
                }
            }
        }
        let places = self.admitted + 1..=queue.admitted;
        self.admitted = queue.admitted;
        places.filter_map(|place| self.owner(index(place))).collect()
    }

    fn owner(&self, place: usize) -> Option<u32> {
        let ticket = self.drawn.get(place).copied().unwrap_or(place);
        self.owners.get(ticket).copied().flatten()
    }
}

/// Returns the index of a number that counts from 1.
fn index(number: i64) -> usize {
    usize::try_from(number - 1).unwrap_or(0)
}
