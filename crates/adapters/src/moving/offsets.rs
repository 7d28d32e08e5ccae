//! Offsets of trailing groups. In a folder they count all events, in a database those of each shard.

use std::collections::BTreeMap;

use app::log::reactions::Group;

use super::MoveError;

/// A row of `consumer_offset`.
pub(super) type Offset = (String, String, i64, i64);

fn is_trailing(group: &str, topic: &str) -> bool {
    topic.is_empty() && Group::from_name(group).is_some_and(Group::is_trailing)
}

/// Returns the offsets for a database. `next_of_shards` returns for each shard the number after its last event before a
/// position.
pub(super) fn by_shard<E>(
    offsets: Vec<Offset>,
    mut next_of_shards: impl FnMut(i64) -> Result<Vec<(i64, i64)>, E>,
) -> Result<Vec<Offset>, E> {
    let mut translated = vec![];
    for (group, topic, partition, position) in offsets {
        if is_trailing(&group, &topic) {
            let shards = next_of_shards(position)?;
            translated.extend(shards.into_iter().map(|(shard, next)| (group.clone(), topic.clone(), shard, next)));
        } else {
            translated.push((group, topic, partition, position));
        }
    }
    Ok(translated)
}

/// How far trailing groups of a database are, the one that is behind all others first: each has handled every event that
/// the one before it has. Then events can be numbered so that each group has one position.
pub(super) struct Levels(Vec<Level>);

struct Level {
    group: String,
    /// The next event of each shard.
    next: Vec<i64>,
}

impl Levels {
    pub(super) fn of(offsets: &[Offset], heads: &[i64]) -> Result<Levels, MoveError> {
        let mut found: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for (group, topic, partition, position) in offsets {
            if is_trailing(group, topic) {
                let next = found.entry(group).or_insert_with(|| vec![1; heads.len()]);
                let shard = usize::try_from(*partition).ok();
                if let Some((next, head)) = shard.and_then(|shard| next.get_mut(shard).zip(heads.get(shard))) {
                    *next = (*position).clamp(1, head + 1);
                }
            }
        }
        let mut levels: Vec<Level> =
            found.into_iter().map(|(group, next)| Level { group: group.to_owned(), next }).collect();
        levels.sort_by_key(|level| level.next.iter().sum::<i64>());
        for (behind, ahead) in levels.iter().zip(levels.iter().skip(1)) {
            if behind.next.iter().zip(&ahead.next).any(|(behind, ahead)| behind > ahead) {
                return Err(MoveError::Lagging { group: behind.group.clone(), other: ahead.group.clone() });
            }
        }
        Ok(Levels(levels))
    }

    /// Returns the number of groups that have not handled an event, in SQL; `None` if every group has handled all.
    pub(super) fn behind(&self, heads: &[i64]) -> Option<String> {
        let lagging = self.0.iter().filter(|level| level.next.iter().zip(heads).any(|(next, head)| *next <= *head));
        let term = |level: &Level| {
            let shards: Vec<String> =
                level.next.iter().enumerate().map(|(shard, next)| format!("WHEN {shard} THEN {next}")).collect();
            format!("(seq >= CASE shard {} END)", shards.join(" "))
        };
        let terms: Vec<String> = lagging.map(term).collect();
        (!terms.is_empty()).then(|| terms.join(" + "))
    }
}

/// Returns the offsets for a folder, whose events are numbered by these levels.
pub(super) fn by_position(offsets: Vec<Offset>, levels: &Levels) -> Vec<Offset> {
    let mut translated: Vec<Offset> =
        offsets.into_iter().filter(|(group, topic, ..)| !is_trailing(group, topic)).collect();
    for Level { group, next } in &levels.0 {
        let handled: i64 = next.iter().map(|next| next - 1).sum();
        translated.push((group.clone(), String::new(), 0, handled + 1));
    }
    translated
}

#[cfg(test)]
mod tests {
    use app::events::outbox::SHARDS;

    use super::*;

    fn offset(group: &str, topic: &str, partition: i64, position: i64) -> Offset {
        (group.to_owned(), topic.to_owned(), partition, position)
    }

    #[test]
    fn only_trailing_groups_are_translated() {
        let others = [offset("stock-deduction-group", "", 3, 9), offset("webhook-group", "order-events", 1, 7)];
        let mut before = others.to_vec();
        before.push(offset("webhook-group", "", 0, 12));
        let mut after = others.to_vec();
        after.extend([offset("webhook-group", "", 2, 5), offset("webhook-group", "", 4, 8)]);
        let shards = |position| Ok::<_, ()>(if position == 12 { vec![(2, 5), (4, 8)] } else { vec![] });
        assert_eq!(by_shard(before.clone(), shards), Ok(after.clone()));
        let mut heads = [0; SHARDS];
        (heads[2], heads[4]) = (4, 7);
        let levels = Levels::of(&after, &heads).unwrap();
        assert_eq!((by_position(after, &levels), levels.behind(&heads)), (before, None));
    }

    #[test]
    fn groups_that_lag_have_a_position_if_one_is_behind_the_other() {
        let at =
            |group: &str, next: [i64; 3]| (0..).zip(next).map(|(shard, next)| offset(group, "", shard, next)).collect();
        let mut offsets: Vec<Offset> = at("webhook-group", [3, 1, 6]);
        offsets.extend::<Vec<Offset>>(at("order-statistics-group", [2, 1, 4]));
        let heads = [4, 2, 5];
        let levels = Levels::of(&offsets, &heads).unwrap();
        let positions: Vec<i64> =
            by_position(offsets.clone(), &levels).into_iter().map(|(.., position)| position).collect();
        assert_eq!(positions, [5, 8]);
        let behind = "(seq >= CASE shard WHEN 0 THEN 2 WHEN 1 THEN 1 WHEN 2 THEN 4 END) + \
                      (seq >= CASE shard WHEN 0 THEN 3 WHEN 1 THEN 1 WHEN 2 THEN 6 END)";
        assert_eq!(levels.behind(&heads).unwrap(), behind);
        offsets.extend::<Vec<Offset>>(at("coupon-statistics-group", [1, 1, 6]));
        assert!(matches!(Levels::of(&offsets, &heads), Err(MoveError::Lagging { .. })));
    }
}
