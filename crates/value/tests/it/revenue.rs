use proptest::prelude::*;
use throughline_value::revenue::{
    Customer, FindingSet, Later, Outcome, Plan, RevenueAtRisk, RevenuePool, Unmeasurable,
};

use crate::revenue_world::{Effect, Shop, coverage, fill, plan};
use crate::{draw, near};

const SHOP: Shop = Shop { customers: 1_200, strata: 10, effect: Effect::Additive };

/// Adds `n` customers of which `later` did, each worth 100.
fn add(pool: &mut RevenuePool, stratum: u64, findings: &[u8], n: u64, later: u64) {
    for i in 0..n {
        let unit = pool_unit(stratum, findings, i);
        let later = if i < later { Later::Happened } else { Later::DidNot };
        pool.add(&Customer {
            unit,
            stratum,
            findings: findings.iter().copied().collect(),
            exposed_later: false,
            later,
            margin: 100,
        });
    }
}

fn pool_unit(stratum: u64, findings: &[u8], i: u64) -> u64 {
    findings.iter().fold(stratum + 1, |unit, &finding| unit * 131 + u64::from(finding) + 1) * 100_003 + i
}

#[track_caller]
fn measured(pool: &RevenuePool) -> RevenueAtRisk {
    pool.revenue_at_risk().unwrap()
}

#[test]
fn one_finding_by_hand() {
    let mut pool = RevenuePool::new(plan(1, 200));
    add(&mut pool, 0, &[], 100, 60);
    add(&mut pool, 0, &[3], 50, 20);
    add(&mut pool, 1, &[], 200, 160);
    add(&mut pool, 1, &[3], 40, 28);
    let found = measured(&pool);
    // 50·100·(0.6 − 0.4) + 40·100·(0.8 − 0.7)
    near(found.total.value, 1_400.0, 1e-9);
    assert_eq!((found.total.n, found.findings.len(), found.findings[0].finding), (90, 1, 3));
    near(found.findings[0].loss.value, 1_400.0, 1e-9);
    // Within strata, weights n₁n₀/n: 100/3 and 100/3, so (0.2 + 0.1)/2.
    near(found.findings[0].effect.value, 0.15, 1e-4);
    // √Σ (100n₁)²(p(1−p)/n₁ + p₀(1−p₀)/n₀) ≈ 559.
    assert!((0.8..1.25).contains(&(found.total.half_width() / 1.96 / 559.0)), "{:?}", found.total);
}

#[test]
fn harm_still_to_come_is_taken_out_of_the_unexposed() {
    let mut pool = RevenuePool::new(plan(1, 200));
    add(&mut pool, 0, &[3], 1_000, 300);
    // Half of those without it until now meet it later: 500 stay at 0.5, 500 fall to 0.3.
    for i in 0..1_000 {
        let (exposed_later, later) = (i < 500, !(150..750).contains(&i));
        let later = if later { Later::Happened } else { Later::DidNot };
        let unit = pool_unit(0, &[], i);
        pool.add(&Customer { unit, stratum: 0, findings: FindingSet::EMPTY, exposed_later, later, margin: 100 });
    }
    near(measured(&pool).total.value, 1_000.0 * 100.0 * 0.2, 1e-6);
}

#[test]
fn reversals_lose_where_they_happen_more() {
    let plan = Plan { outcome: Outcome::Reversal, ..plan(1, 50) };
    let mut pool = RevenuePool::new(plan);
    add(&mut pool, 0, &[], 200, 20);
    add(&mut pool, 0, &[0], 100, 30);
    let found = measured(&pool);
    near(found.total.value, 100.0 * 100.0 * 0.2, 1e-9);
    near(found.findings[0].effect.value, 0.2, 1e-4);
}

#[test]
fn overlap_is_counted_once_and_split_by_effect() {
    let mut pool = RevenuePool::new(plan(1, 50));
    add(&mut pool, 0, &[], 1_000, 800);
    add(&mut pool, 0, &[0], 100, 60);
    add(&mut pool, 0, &[1], 100, 70);
    add(&mut pool, 0, &[0, 1], 100, 50);
    let found = measured(&pool);
    near(found.total.value, 100.0 * (20.0 + 10.0 + 30.0), 1e-9);
    near(found.findings[0].loss.value, 100.0 * (20.0 + 20.0), 1e-3);
    near(found.findings[1].loss.value, 100.0 * (10.0 + 10.0), 1e-3);
    let sum: f64 = found.findings.iter().map(|finding| finding.loss.value).sum();
    near(sum, found.total.value, 1e-12);
}

#[test]
fn what_always_comes_together_is_shared_evenly() {
    let mut pool = RevenuePool::new(plan(1, 50));
    add(&mut pool, 0, &[], 300, 200);
    add(&mut pool, 0, &[5, 127], 100, 40);
    let found = measured(&pool);
    near(found.findings[0].loss.value, found.total.value / 2.0, 1e-6);
    assert_eq!(found.findings[1].finding, 127);
}

#[test]
fn those_not_followed_yet_count_with_their_margin() {
    let mut pool = RevenuePool::new(plan(1, 50));
    add(&mut pool, 0, &[], 200, 120);
    add(&mut pool, 0, &[0], 50, 20);
    let before = measured(&pool).total.value;
    for unit in 0..50 {
        let findings = FindingSet::EMPTY.with(0);
        pool.add(&Customer {
            unit,
            stratum: 0,
            findings,
            exposed_later: false,
            later: Later::NotFollowed,
            margin: 100,
        });
    }
    let after = measured(&pool);
    near(after.total.value, 2.0 * before, 1e-9);
    assert_eq!(after.total.n, 100);
}

#[test]
fn no_money_without_a_measure() {
    let with = |plan: Plan, rows: &[(u64, &[u8], u64, u64)]| {
        let mut pool = RevenuePool::new(plan);
        rows.iter().for_each(|&(stratum, findings, n, later)| add(&mut pool, stratum, findings, n, later));
        pool.revenue_at_risk().unwrap_err()
    };
    let short = Plan { observed_days: 90, ..plan(1, 20) };
    let expected = Unmeasurable::FollowUpTooShort { observed_days: 90, needed_days: 365 };
    assert_eq!(with(short, &[(0, &[], 100, 50), (0, &[1], 100, 50)]), expected);
    assert_eq!(with(plan(1, 20), &[]), Unmeasurable::NobodyExposed);
    assert_eq!(with(plan(1, 20), &[(0, &[], 100, 50)]), Unmeasurable::NobodyExposed);
    assert_eq!(with(plan(1, 20), &[(0, &[], 4, 2), (0, &[1], 90, 40)]), Unmeasurable::NobodyToCompare);
    let few = Unmeasurable::TooFewFollowed { found: 19, needed: 20 };
    assert_eq!(with(plan(1, 20), &[(0, &[], 100, 50), (0, &[1], 19, 4)]), few);
    let rare = Unmeasurable::TooFewLater { found: 29, needed: 30 };
    assert_eq!(with(plan(1, 20), &[(0, &[], 100, 20), (0, &[1], 90, 9)]), rare);
}

#[test]
fn strata_without_comparable_customers_are_named() {
    let mut pool = RevenuePool::new(plan(1, 20));
    add(&mut pool, 0, &[], 100, 60);
    add(&mut pool, 0, &[0], 50, 20);
    let clean = measured(&pool);
    add(&mut pool, 1, &[], 4, 4);
    add(&mut pool, 1, &[0, 2], 7, 0);
    let found = measured(&pool);
    assert_eq!(found, RevenueAtRisk { left_out: 7, left_out_margin: 700, ..clean });
}

/// A light look at the coverage, with large strata and with cells of one or two customers;
/// `examples/revenue_coverage.rs` looks at thousands of worlds.
#[test]
fn planted_truth_is_covered() {
    let sparse = Shop { strata: 80, ..SHOP };
    for shop in [SHOP, sparse] {
        let shares = coverage(&mut draw::rng(8), 120, 99, shop);
        for share in shares {
            assert!((0.89..=0.995).contains(&share), "{shop:?}: {shares:?}");
        }
    }
}

/// One customer per cell: the uncertainty must not vanish with the size of the cells.
#[test]
fn tiny_cells_keep_their_uncertainty() {
    let mut fine = RevenuePool::new(plan(1, 200));
    let mut coarse = RevenuePool::new(plan(1, 200));
    for stratum in 0..60 {
        let mut both = |findings: FindingSet, i: u64, later: bool| {
            let later = if later { Later::Happened } else { Later::DidNot };
            let customer =
                Customer { unit: stratum * 100 + i, stratum, findings, exposed_later: false, later, margin: 100 };
            fine.add(&customer);
            coarse.add(&Customer { stratum: 0, ..customer });
        };
        (0..40).for_each(|i| both(FindingSet::EMPTY, i, i % 2 == 0));
        both(FindingSet::EMPTY.with(0), 40, stratum % 3 == 0);
    }
    let (fine, coarse) = (measured(&fine).total, measured(&coarse).total);
    near(fine.value, coarse.value, 1e-9);
    assert!((0.85..1.2).contains(&(fine.half_width() / coarse.half_width())), "{fine:?} {coarse:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn neither_order_nor_buckets_matter(
        rows in prop::collection::vec((0_u64..3, 0_u8..3, any::<bool>(), any::<bool>(), 0_i64..900), 60..160),
        buckets in 1_usize..5,
    ) {
        let customers: Vec<Customer> = rows.iter().zip(0..).map(|(&(stratum, finding, met, later, margin), unit)| {
            let findings = if met { FindingSet::EMPTY.with(finding) } else { FindingSet::EMPTY };
            let later = if later { Later::Happened } else { Later::DidNot };
            Customer { unit, stratum, findings, exposed_later: false, later, margin }
        }).collect();
        let plan = Plan { fewest_events: 5, ..plan(3, 40) };
        let mut whole = RevenuePool::new(plan);
        customers.iter().for_each(|customer| whole.add(customer));
        let mut merged = RevenuePool::new(plan);
        for bucket in (0..buckets).rev() {
            let mut part = RevenuePool::new(plan);
            customers.iter().rev().skip(bucket).step_by(buckets).for_each(|customer| part.add(customer));
            merged.merge(&part).unwrap();
        }
        prop_assert_eq!(&merged, &whole);
        let text = serde_json::to_string(&merged).unwrap();
        prop_assert_eq!(&serde_json::from_str::<RevenuePool>(&text).unwrap(), &whole);
        prop_assert_eq!(merged.revenue_at_risk(), whole.revenue_at_risk());
        if let Ok(found) = whole.revenue_at_risk() {
            let sum: f64 = found.findings.iter().map(|finding| finding.loss.value).sum();
            prop_assert!((sum - found.total.value).abs() < 1e-6);
        }
    }
}

#[test]
fn equal_seeds_give_equal_bits() {
    let run = || {
        let mut pool = RevenuePool::new(plan(5, 30));
        fill(&mut draw::rng(6), Shop { effect: Effect::Multiplicative, ..SHOP }, &mut pool);
        pool.revenue_at_risk()
    };
    assert_eq!(run(), run());
}
