//! Kafka's default partitioner, as in the Java client.

/// Returns the partition that the Java client gives a key.
pub fn partition_of(key: &str, partitions: i32) -> i32 {
    let hash = (murmur2(key.as_bytes()) & 0x7fff_ffff) as i32;
    hash % partitions.max(1)
}

/// Returns Kafka's default hash of a record's key.
pub fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    let mut hash = SEED ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let tail = words.remainder();
    for (place, byte) in tail.iter().enumerate().rev() {
        hash ^= u32::from(*byte) << (8 * place);
    }
    if !tail.is_empty() {
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn murmur2_agrees_with_the_java_client() {
        // The vectors of the Java client's own test of its hash.
        let vectors: [(&str, i32); 7] = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
            ("", 275_646_681),
        ];
        for (key, hash) in vectors {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
    }

    #[test]
    fn every_key_has_a_partition() {
        // The extreme hashes have partitions, too (T5).
        for partitions in [1, 3, 16] {
            let all = (0..1_000).map(|key| partition_of(&key.to_string(), partitions));
            let found: BTreeSet<i32> = all.collect();
            assert_eq!(found, (0..partitions).collect());
        }
    }
}
