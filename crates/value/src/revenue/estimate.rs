//! The arithmetic of revenue at risk.
//!
//! 1. In each stratum with enough customers who met nothing so far, their rate p₀ is what the exposed
//!    would have had (direct standardisation to the exposed).
//! 2. Customers who met the set E lose Σ margin·(p₀ − p_E), cell by cell. A share x of the unexposed
//!    is exposed later and loses as much, which pulls p₀ down by x·(p₀ − p_E): the difference is
//!    divided by 1 − x (g-estimation of an additive structural nested mean model in closed form,
//!    Robins 1994).
//! 3. β, the effect of each pain point with the others held fixed, is least squares within strata
//!    (stratum fixed effects); the loss of E is split in proportion to the positive parts of β.
//! 4. All of it again in each replicate. Margins and the number of exposed stay as they are: the
//!    question is what *these* customers lose. So replicates are rescaled to the exposed total,
//!    per set where it is large enough, over all sets otherwise; cells of one or two customers
//!    thereby keep their uncertainty, which a rate per cell would hide.

use std::collections::BTreeMap;

use super::pool::Cell;
use super::{FindingLoss, FindingSet, Outcome, Plan, RevenueAtRisk, Unmeasurable};
use crate::Estimate;
use crate::bootstrap::percentile;

/// The fewest followed customers without exposure that make a stratum comparable.
const FEWEST_COMPARABLE: u64 = 5;
/// The largest share of them that is exposed later.
const MOST_EXPOSED_LATER: f64 = 0.8;
/// The fewest followed customers of a set that is rescaled by itself, and of all sets together.
const FEWEST_EXPOSED: u64 = 20;

pub(super) fn estimate(
    plan: &Plan,
    strata: &BTreeMap<u64, BTreeMap<FindingSet, Cell>>,
) -> Result<RevenueAtRisk, Unmeasurable> {
    if plan.observed_days < plan.horizon_days {
        let (observed_days, needed_days) = (plan.observed_days, plan.horizon_days);
        return Err(Unmeasurable::FollowUpTooShort { observed_days, needed_days });
    }
    let world = World::new(plan.outcome, strata);
    world.check(plan)?;

    let whole = world.evaluate(None);
    let replicates: Vec<Answer> =
        (0..plan.resampling.replicates as usize).map(|index| world.evaluate(Some(index))).collect();
    let interval = |pick: &dyn Fn(&Answer) -> f64, n: u64| {
        let value = pick(&whole);
        let mut values: Vec<f64> = replicates.iter().map(pick).collect();
        let (low, high) = percentile(&mut values).unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        Estimate::new(value, low, high, n)
    };

    let customers =
        |finding: u8| world.sets.iter().filter(|set| set.findings.contains(finding)).map(|set| set.customers).sum();
    let findings = world.findings.iter().enumerate().map(|(index, &finding)| FindingLoss {
        finding,
        loss: interval(&|answer| answer.losses[index], customers(finding)),
        effect: interval(&|answer| answer.effects[index], customers(finding)),
    });
    Ok(RevenueAtRisk {
        findings: findings.collect(),
        total: interval(&|answer| answer.losses.iter().sum(), world.sets.iter().map(|s| s.customers).sum()),
        left_out: world.left_out,
        left_out_margin: world.left_out_margin,
    })
}

/// What is asked of the data and of each replicate: per pain point, in the order of `findings`.
struct Answer {
    losses: Vec<f64>,
    effects: Vec<f64>,
}

/// The comparable strata, with sets and pain points numbered.
struct World<'a> {
    outcome: Outcome,
    strata: Vec<Vec<(Option<usize>, &'a Cell)>>,
    sets: Vec<Set>,
    findings: Vec<u8>,
    exposed_anywhere: bool,
    left_out: u64,
    left_out_margin: i64,
}

struct Set {
    findings: FindingSet,
    /// Positions in `World::findings`.
    members: Vec<usize>,
    customers: u64,
    margin: f64,
    /// Those who were followed, and the margin of the cells that they stand for.
    followed: u64,
    followed_margin: f64,
}

impl<'a> World<'a> {
    fn new(outcome: Outcome, all: &'a BTreeMap<u64, BTreeMap<FindingSet, Cell>>) -> Self {
        let comparable = |cells: &BTreeMap<FindingSet, Cell>| {
            cells.get(&FindingSet::EMPTY).is_some_and(|cell| {
                cell.followed >= FEWEST_COMPARABLE
                    && cell.exposed_later as f64 <= cell.followed as f64 * MOST_EXPOSED_LATER
            })
        };
        let (mut sets, mut left_out, mut left_out_margin) = (BTreeMap::<FindingSet, Set>::new(), 0, 0);
        for cells in all.values() {
            for (&findings, cell) in cells.iter().filter(|(findings, _)| !findings.is_empty()) {
                if comparable(cells) {
                    sets.entry(findings).or_insert_with(|| Set::new(findings)).add(cell);
                } else {
                    left_out += cell.customers;
                    left_out_margin += cell.margin;
                }
            }
        }
        let met: FindingSet = sets.keys().flat_map(|set| set.findings()).collect();
        let findings: Vec<u8> = met.findings().collect();
        let numbers: BTreeMap<FindingSet, usize> = sets.keys().enumerate().map(|(index, &set)| (set, index)).collect();
        let mut sets: Vec<Set> = sets.into_values().collect();
        for set in &mut sets {
            set.members = (0..findings.len()).filter(|&i| set.findings.contains(findings[i])).collect();
        }
        let strata = all
            .values()
            .filter(|cells| comparable(cells))
            .map(|cells| cells.iter().map(|(set, cell)| (numbers.get(set).copied(), cell)).collect())
            .collect();
        let exposed_anywhere = left_out > 0 || !sets.is_empty();
        Self { outcome, strata, sets, findings, exposed_anywhere, left_out, left_out_margin }
    }

    fn check(&self, plan: &Plan) -> Result<(), Unmeasurable> {
        if !self.exposed_anywhere {
            return Err(Unmeasurable::NobodyExposed);
        }
        if self.sets.is_empty() {
            return Err(Unmeasurable::NobodyToCompare);
        }
        let found = self.sets.iter().map(|set| set.followed).sum();
        if found < FEWEST_EXPOSED {
            return Err(Unmeasurable::TooFewFollowed { found, needed: FEWEST_EXPOSED });
        }
        let cells = || self.strata.iter().flatten().map(|(_, cell)| cell);
        let later: u64 = cells().map(|cell| cell.later).sum();
        let followed: u64 = cells().map(|cell| cell.followed).sum();
        let found = later.min(followed - later);
        if found < plan.fewest_events {
            return Err(Unmeasurable::TooFewLater { found, needed: plan.fewest_events });
        }
        Ok(())
    }

    fn evaluate(&self, replicate: Option<usize>) -> Answer {
        let sign = match self.outcome {
            Outcome::Purchase => 1.0,
            Outcome::Reversal => -1.0,
        };
        // Per set: Σ m̄(n·p₀ − y) and Σ m̄·n, with m̄ the margin of a cell per followed customer.
        let mut sums = vec![(0.0, 0.0); self.sets.len()];
        let mut least_squares = LeastSquares::new(self.findings.len());
        for cells in &self.strata {
            let usual = Usual::of(cells, replicate);
            for &(set, cell) in cells {
                let drawn = cell.drawn(replicate);
                if let (Some(set), true) = (set, cell.followed > 0) {
                    let mean = cell.margin as f64 / cell.followed as f64;
                    let fewer = drawn.followed * usual.rate - drawn.later;
                    sums[set].0 += sign * mean * fewer / (1.0 - usual.exposed_later);
                    sums[set].1 += mean * drawn.followed;
                }
            }
            least_squares.add(cells.iter().map(|&(set, cell)| {
                let members = set.map_or(&[][..], |set| &self.sets[set].members);
                let drawn = cell.drawn(replicate);
                (members, (drawn.followed, drawn.later))
            }));
        }
        let effects: Vec<f64> = least_squares.solve().into_iter().map(|beta| -sign * beta).collect();

        let all: f64 = self.sets.iter().map(|set| set.followed_margin).sum();
        let drawn: f64 = sums.iter().map(|sum| sum.1).sum();
        let mut losses = vec![0.0; self.findings.len()];
        for (set, &(sum, weight)) in self.sets.iter().zip(&sums) {
            let loss = if set.followed == 0 {
                set.margin * set.members.iter().map(|&member| effects[member]).sum::<f64>()
            } else {
                let own = set.followed >= FEWEST_EXPOSED;
                let rescale = if own { ratio(set.followed_margin, weight) } else { ratio(all, drawn) };
                sum * rescale * ratio(set.margin, set.followed_margin)
            };
            set.split(loss, &effects, &mut losses);
        }
        Answer { losses, effects }
    }
}

impl Set {
    fn new(findings: FindingSet) -> Self {
        Self { findings, members: Vec::new(), customers: 0, margin: 0.0, followed: 0, followed_margin: 0.0 }
    }

    fn add(&mut self, cell: &Cell) {
        self.customers += cell.customers;
        self.margin += cell.margin as f64;
        if cell.followed > 0 {
            self.followed += cell.followed;
            self.followed_margin += cell.margin as f64;
        }
    }

    /// Splits a loss by the positive parts of the effects; evenly if none is positive.
    fn split(&self, loss: f64, effects: &[f64], losses: &mut [f64]) {
        let whole: f64 = self.members.iter().map(|&member| effects[member].max(0.0)).sum();
        for &member in &self.members {
            losses[member] +=
                loss * if whole > 0.0 { effects[member].max(0.0) / whole } else { 1.0 / self.members.len() as f64 };
        }
    }
}

/// What happens to the unexposed of a stratum; of the data where a replicate drew none of them.
struct Usual {
    /// The share with a later event.
    rate: f64,
    /// The share that is exposed later.
    exposed_later: f64,
}

impl Usual {
    fn of(cells: &[(Option<usize>, &Cell)], replicate: Option<usize>) -> Self {
        let unexposed = cells.iter().find(|(set, _)| set.is_none()).map(|(_, cell)| cell);
        let drawn = unexposed.map(|cell| match cell.drawn(replicate) {
            drawn if drawn.followed > 0.0 => drawn,
            _ => cell.drawn(None),
        });
        drawn.map_or(Self { rate: 0.0, exposed_later: 0.0 }, |d| Self {
            rate: d.later / d.followed.max(1.0),
            exposed_later: (d.exposed_later / d.followed.max(1.0)).min(MOST_EXPOSED_LATER),
        })
    }
}

/// `a/b`, and 1 where there is nothing to divide by.
fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 1.0 }
}

/// Least squares of the outcome on the pain points, with a fixed effect for each stratum.
struct LeastSquares {
    size: usize,
    /// XᵀX and Xᵀy after the means of each stratum are taken out.
    matrix: Vec<f64>,
    right: Vec<f64>,
}

impl LeastSquares {
    fn new(size: usize) -> Self {
        // A thousandth of a customer keeps pain points apart that always come together: they
        // share their effect evenly.
        let mut matrix = vec![0.0; size * size];
        (0..size).for_each(|i| matrix[i * size + i] = 1e-3);
        Self { size, matrix, right: vec![0.0; size] }
    }

    /// Adds one stratum: for each cell its pain points, and (followed, later).
    fn add<'s>(&mut self, cells: impl Iterator<Item = (&'s [usize], (f64, f64))>) {
        let (mut n, mut y, mut met) = (0.0, 0.0, vec![0.0; self.size]);
        for (members, (followed, later)) in cells {
            n += followed;
            y += later;
            for &i in members {
                met[i] += followed;
                self.right[i] += later;
                for &j in members {
                    self.matrix[i * self.size + j] += followed;
                }
            }
        }
        if n <= 0.0 {
            return;
        }
        for i in (0..self.size).filter(|&i| met[i] > 0.0) {
            self.right[i] -= met[i] * y / n;
            for j in 0..self.size {
                self.matrix[i * self.size + j] -= met[i] * met[j] / n;
            }
        }
    }

    /// Solves by Cholesky's factorisation.
    fn solve(mut self) -> Vec<f64> {
        let (size, matrix) = (self.size, &mut self.matrix);
        for column in 0..size {
            for row in column..size {
                let dot: f64 = (0..column).map(|k| matrix[row * size + k] * matrix[column * size + k]).sum();
                let rest = matrix[row * size + column] - dot;
                matrix[row * size + column] =
                    if row == column { rest.max(1e-9).sqrt() } else { rest / matrix[column * size + column] };
            }
        }
        let mut x = self.right;
        for i in 0..size {
            let dot: f64 = (0..i).map(|k| matrix[i * size + k] * x[k]).sum();
            x[i] = (x[i] - dot) / matrix[i * size + i];
        }
        for i in (0..size).rev() {
            let dot: f64 = (i + 1..size).map(|k| matrix[k * size + i] * x[k]).sum();
            x[i] = (x[i] - dot) / matrix[i * size + i];
        }
        x
    }
}
