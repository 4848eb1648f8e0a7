//! The order of the trials: blocks of two, each pair in random order, both orders equally often.
//! Neighbouring trials meet the machine in the same state; the random order keeps drift out of the
//! difference.

use rand::{RngExt as _, seq::SliceRandom as _};

use loadgen_stats::seed::{rng, sub_seed};

/// Which arm goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockOrder {
    /// Before, then after.
    BeforeFirst,
    /// After, then before.
    AfterFirst,
}

/// One block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedBlock {
    /// From 1.
    pub block: u32,
    /// Which arm goes first.
    pub order: BlockOrder,
    /// Seed of both of its trials.
    pub seed: u64,
}

/// The blocks of an experiment: orders balanced and shuffled, a new seed for each block.
pub fn design(blocks: u32, root: u64) -> Vec<PlannedBlock> {
    let mut chance = rng(sub_seed(root, "order"));
    let mut orders: Vec<BlockOrder> = (0..blocks)
        .map(|block| {
            if block % 2 == 0 {
                BlockOrder::BeforeFirst
            } else {
                BlockOrder::AfterFirst
            }
        })
        .collect();
    // With an odd number one order occurs once more; which one is random as well.
    if blocks % 2 == 1 && chance.random_bool(0.5) {
        for order in &mut orders {
            *order = match order {
                BlockOrder::BeforeFirst => BlockOrder::AfterFirst,
                BlockOrder::AfterFirst => BlockOrder::BeforeFirst,
            };
        }
    }
    orders.shuffle(&mut chance);
    (1..=blocks)
        .zip(orders)
        .map(|(block, order)| PlannedBlock {
            block,
            order,
            seed: sub_seed(root, &format!("block {block}")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_come_equally_often_and_seeds_differ_between_blocks() {
        for root in 0..50 {
            let blocks = design(6, root);
            let first = blocks
                .iter()
                .filter(|planned_block| planned_block.order == BlockOrder::BeforeFirst)
                .count();
            assert_eq!(first, 3);
            for (index, planned_block) in blocks.iter().enumerate() {
                assert_eq!(planned_block.block as usize, index + 1);
                assert!(
                    blocks[..index]
                        .iter()
                        .all(|other| other.seed != planned_block.seed)
                );
            }
        }
    }

    #[test]
    fn the_order_is_random_and_the_same_root_gives_the_same() {
        assert_eq!(design(6, 7), design(6, 7));
        let firsts: Vec<BlockOrder> = (0..40).map(|root| design(1, root)[0].order).collect();
        assert!(
            firsts.contains(&BlockOrder::BeforeFirst) && firsts.contains(&BlockOrder::AfterFirst)
        );
    }
}
