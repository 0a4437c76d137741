//! How probable it is that two records are one person's.
//!
//! With levels of agreement γ₁…γₖ of the columns of a pair, and three kinds of pairs — of one person, of one
//! family, of strangers —
//!
//! ```text
//! P(one person | γ) = λ Π m(γᵢ) / ( λ Π m(γᵢ) + φ Π f(γᵢ) + (1−λ−φ) Π u(γᵢ | γ of i's parent) )
//! ```
//!
//! λ and φ are shares of *all* pairs of records, not of those that are compared. `u` is counted on pairs at
//! random. Columns depend on each other also among strangers: who lives in a town has its post code. Each is
//! therefore judged given one other, along a tree of the strongest dependences (Chow and Liu, IEEE Trans. Inf.
//! Theory 14, 1968), counted on pairs at random that agree on the other. Families are what makes a town's
//! records agree most often, and a model of two kinds takes them for people; their kind is kept only where it
//! differs from people in what is nobody else's, such as a first name and a birthday.
//!
//! `m`, `f`, λ and φ come from expectation–maximisation over the pairs that are compared, begun with those that
//! plainly are of one person.

use crate::blocking::{Pair, pairs};
use crate::column::{Kind, Table, frequencies};
use crate::compare::{LEVELS, Level, levels};
use crate::universe::Universe;
use std::collections::HashMap;

/// How records are linked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Rows that share a key and are still compared with each other.
    pub most_in_a_block: usize,
    /// Pairs taken at random to count how often strangers agree.
    pub strangers: usize,
    /// Pairs taken at random of those that agree on a column, to count what else they agree on.
    pub agreeing: usize,
    /// The most rounds of expectation–maximisation.
    pub rounds: usize,
    /// Links less probable than this are not returned.
    pub least_probability: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { most_in_a_block: 60, strangers: 100_000, agreeing: 4_000, rounds: 60, least_probability: 0.05 }
    }
}

/// Two records that may be one person's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// A row.
    pub a: u32,
    /// Another row, behind it.
    pub b: u32,
    /// How probable it is, between 0 and 1.
    pub probability: f64,
}

/// What was learned and found.
#[derive(Debug, Clone)]
pub struct Linkage {
    /// Links, by row.
    pub links: Vec<Link>,
    /// Pairs that were compared.
    pub compared: usize,
    /// How many pairs are of one person, as expected.
    pub expected: f64,
    /// How many are of one family, as expected.
    pub families: f64,
    /// For each column and level: how often among records of one person, and among strangers.
    pub weights: Vec<[(f64, f64); LEVELS]>,
    /// For each column the one it depends on among strangers.
    pub parents: Vec<Option<usize>>,
}

type Shares = [f64; LEVELS];
type Pattern = Vec<Level>;

const ALL: [Level; LEVELS] = [Level::Missing, Level::Different, Level::Alike, Level::Close, Level::Moved, Level::Same];

fn agrees(level: Level) -> bool {
    level >= Level::Close
}

/// The share of pairs that agree.
fn agreement(shares: &Shares) -> f64 {
    ALL.iter().filter(|l| agrees(**l)).map(|l| shares[*l as usize]).sum()
}

/// Counts of levels of each column.
#[derive(Clone)]
struct Counts(Vec<Shares>);

impl Counts {
    fn new(columns: usize) -> Self {
        Self(vec![[0.0; LEVELS]; columns])
    }

    fn add(&mut self, pattern: &[Level], weight: f64) {
        for (counts, level) in self.0.iter_mut().zip(pattern) {
            counts[*level as usize] += weight;
        }
    }

    /// Shares among what is not missing, as if `prior` had been seen besides.
    fn shares(&self, prior: &Shares) -> Vec<Shares> {
        let each = self.0.iter().map(|counts| {
            let with = |l: usize| counts[l] + prior[l];
            let n: f64 = (1..LEVELS).map(with).sum();
            let mut shares = [1.0; LEVELS];
            (1..LEVELS).for_each(|l| shares[l] = with(l) / n);
            shares
        });
        each.collect()
    }
}

/// What is seen besides among strangers: nearly nothing of each.
const OF_STRANGERS: Shares = [0.0, 1.0, 0.2, 0.02, 0.02, 0.02];
/// … and among records of one person or family.
const OF_ONE: Shares = [0.0, 0.6, 0.4, 0.5, 0.1, 4.0];
/// How often, at least, records of one person differ in a column.
const LEAST_DIFFERENT: f64 = 0.01;

/// How often, at most: names and birthdays stay, addresses and the rest change.
fn most_different(kind: Kind) -> f64 {
    match kind {
        Kind::Name | Kind::Date => 0.2,
        _ => 0.5,
    }
}

/// How much of what could agree has to agree, by what it tells, for a pair to begin as of one person …
const PLAIN: f64 = 0.75;
/// … or as of a family.
const MIDDLE: f64 = 0.35;
/// A family's members agree no more often than this in what is one person's own.
const OWN: f64 = 0.15;
/// How much of all that can be told has to be in such columns.
const LEAST_OWN: f64 = 0.15;
/// A column depends on another that lets it agree so many times as often.
const LIFT: f64 = 2.0;

/// How levels are distributed among the three kinds of pairs.
struct Model {
    universe: Universe,
    kinds: Vec<Kind>,
    lambda: f64,
    phi: f64,
    m: Vec<Shares>,
    /// Of families, where there are any.
    f: Option<Vec<Shares>>,
    u: Vec<Shares>,
    /// Of strangers who agree on a column: by that column, by this one.
    given: Vec<Vec<Shares>>,
    parents: Vec<Option<usize>>,
    /// What agreeing on a column tells, in nats.
    information: Vec<f64>,
}

/// Log-likelihoods of a pattern as of one person, of one family, of strangers.
struct Likelihoods([f64; 3]);

impl Likelihoods {
    /// The probabilities of the three.
    fn posteriors(&self) -> [f64; 3] {
        let most = self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let each = self.0.map(|l| (l - most).exp());
        let sum: f64 = each.iter().sum();
        each.map(|e| e / sum)
    }
}

/// The logarithms of a model as it is.
struct Logs {
    /// Of λ, φ and what remains.
    shares: [f64; 3],
    m: Vec<Shares>,
    f: Option<Vec<Shares>>,
    u: Vec<Shares>,
    /// For each column its parent, and its shares where that agrees.
    given: Vec<Option<(usize, Shares)>>,
}

impl Logs {
    fn likelihoods(&self, pattern: &[Level]) -> Likelihoods {
        let of =
            |share: f64, logs: &[Shares]| share + pattern.iter().zip(logs).map(|(l, s)| s[*l as usize]).sum::<f64>();
        let mut strangers = self.shares[2];
        for (c, level) in pattern.iter().enumerate() {
            strangers += match &self.given[c] {
                Some((p, given)) if agrees(pattern[*p]) => given[*level as usize],
                _ => self.u[c][*level as usize],
            };
        }
        let family = self.f.as_ref().map_or(f64::NEG_INFINITY, |f| of(self.shares[1], f));
        Likelihoods([of(self.shares[0], &self.m), family, strangers])
    }
}

impl Model {
    fn logs(&self) -> Logs {
        let of = |shares: &[Shares]| shares.iter().map(|s| s.map(f64::ln)).collect::<Vec<_>>();
        let given = |(c, p): (usize, &Option<usize>)| p.map(|p| (p, self.given[p][c].map(f64::ln)));
        Logs {
            shares: [self.lambda, self.phi, 1.0 - self.lambda - self.phi].map(f64::ln),
            m: of(&self.m),
            f: self.f.as_deref().map(of),
            u: of(&self.u),
            given: self.parents.iter().enumerate().map(given).collect(),
        }
    }

    /// What a pair begins as: by how much of what could agree agrees, and whether that would tell one record
    /// from all others.
    fn begin(&self, pattern: &[Level]) -> [f64; 3] {
        let told = |is: fn(Level) -> bool| -> f64 {
            pattern.iter().zip(&self.information).filter(|(l, _)| is(**l)).map(|(_, i)| i).sum()
        };
        let (agreeing, all) = (told(agrees), told(|l| l != Level::Missing));
        if agreeing < (self.universe.rows as f64).ln() {
            return [0.0, 0.0, 1.0];
        }
        match agreeing / all {
            share if share >= PLAIN => [1.0, 0.0, 0.0],
            share if share >= MIDDLE => [0.0, 1.0, 0.0],
            _ => [0.0, 0.0, 1.0],
        }
    }

    /// One round over the patterns; how much λ changed.
    fn round(&mut self, unique: &[(Pattern, f64)], is_first: bool) -> f64 {
        let columns = self.u.len();
        let (mut matched, mut family, mut sums) = (Counts::new(columns), Counts::new(columns), [0.0; 2]);
        let logs = self.logs();
        for (pattern, n) in unique {
            let [p, q, _] = match is_first {
                true => self.begin(pattern),
                false => logs.likelihoods(pattern).posteriors(),
            };
            matched.add(pattern, p * n);
            family.add(pattern, q * n);
            sums = [sums[0] + p * n, sums[1] + q * n];
        }
        let before = self.lambda;
        self.m = matched.shares(&OF_ONE);
        self.m.iter_mut().zip(&self.kinds).for_each(|(m, kind)| bound(m, *kind));
        let share = |sum: f64| (sum / self.universe.pairs()).clamp(1e-15, 0.4);
        (self.lambda, self.phi) = (share(sums[0]), share(sums[1]));
        if self.f.is_some() {
            let mut f = family.shares(&OF_ONE);
            for c in self.own(&f) {
                f[c] = self.u[c];
            }
            self.f = Some(f);
        }
        (self.lambda / before - 1.0).abs()
    }

    /// Columns in which a family's members agree no more than by chance, and records of one person do.
    fn own(&self, f: &[Shares]) -> Vec<usize> {
        let is_own = |c: &usize| agreement(&f[*c]) <= OWN && agreement(&self.m[*c]) >= 0.5;
        (0..f.len()).filter(is_own).collect()
    }

    /// Gives the kind of families up, unless it is one.
    fn doubt_families(&mut self) {
        let Some(f) = &self.f else { return };
        let own: f64 = self.own(f).into_iter().map(|c| self.information[c]).sum();
        if own < LEAST_OWN * self.information.iter().sum::<f64>() {
            (self.f, self.phi) = (None, 1e-15);
        }
    }

    /// Learns what depends on what among those who are probably strangers.
    fn depend(&mut self, samples: &[Vec<(Pattern, f64)>]) {
        let columns = self.u.len();
        let mut given = vec![Counts::new(columns); columns];
        let logs = self.logs();
        for (counts, sample) in given.iter_mut().zip(samples) {
            for (pattern, n) in sample {
                counts.add(pattern, logs.likelihoods(pattern).posteriors()[2] * n);
            }
        }
        let seen: Vec<Vec<f64>> = given.iter().map(|g| g.0.iter().map(|c| c[1..].iter().sum()).collect()).collect();
        self.given = given.iter().map(|g| g.shares(&OF_STRANGERS)).collect();
        // How much more than by chance they agree together, as information.
        let mut edges = Vec::new();
        for (child, parent) in (0..columns).flat_map(|c| (0..columns).map(move |p| (c, p))).filter(|(c, p)| c != p) {
            let (by_chance, of_parent) = (agreement(&self.u[child]), agreement(&self.u[parent]));
            let together = agreement(&self.given[parent][child]);
            if seen[parent][child] >= 50.0 && together > LIFT * by_chance {
                edges.push((of_parent * together * (together / by_chance).ln(), parent, child));
            }
        }
        edges.sort_by(|x, y| y.0.total_cmp(&x.0).then((x.1, x.2).cmp(&(y.1, y.2))));
        let mut root: Vec<usize> = (0..columns).collect();
        self.parents = vec![None; columns];
        for (_, parent, child) in edges {
            if self.parents[child].is_some() || root[parent] == root[child] {
                continue;
            }
            self.parents[child] = Some(parent);
            let (from, to) = (root[child], root[parent]);
            root.iter_mut().filter(|r| **r == from).for_each(|r| *r = to);
        }
    }
}

/// Keeps `m` of a column between what people's records are like.
fn bound(shares: &mut Shares, kind: Kind) {
    let at = Level::Different as usize;
    let different = shares[at].clamp(LEAST_DIFFERENT, most_different(kind));
    let scale = (1.0 - different) / (1.0 - shares[at]);
    (at + 1..LEVELS).for_each(|l| shares[l] *= scale);
    shares[at] = different;
}

/// Links the rows of a table. `split` is the row with which a second table begins, where each of the first is
/// to be linked with the second alone.
pub fn link(table: &Table, split: Option<usize>, options: &Options) -> Linkage {
    let kinds: Vec<Kind> = table.columns.iter().map(|c| c.kind).collect();
    let columns = kinds.len();
    let universe = Universe { rows: table.rows.len(), split: split.map(|s| s.min(table.rows.len())) };
    let mut found = Linkage {
        links: Vec::new(),
        compared: 0,
        expected: 0.0,
        families: 0.0,
        weights: Vec::new(),
        parents: vec![None; columns],
    };
    if universe.pairs() < 1.0 {
        return found;
    }
    let candidates = pairs(table, universe.split, options.most_in_a_block);
    let patterns = compare_all(&kinds, table, &candidates);
    let unique = group(&patterns);
    let mut counts = Counts::new(columns);
    compare_all(&kinds, table, &universe.sample(options.strangers)).iter().for_each(|p| counts.add(p, 1.0));
    let u = counts.shares(&OF_STRANGERS);
    let mut model = Model {
        universe,
        kinds: kinds.clone(),
        lambda: 1.0,
        phi: 0.0,
        m: Vec::new(),
        f: Some(Vec::new()),
        given: Vec::new(),
        parents: vec![None; columns],
        information: u
            .iter()
            .zip(&kinds)
            .map(|(u, k)| if *k == Kind::Ignored { 0.0 } else { -agreement(u).ln() })
            .collect(),
        u,
    };
    let sample = |c: usize| match kinds[c] {
        Kind::Ignored => Vec::new(),
        _ => group(&compare_all(&kinds, table, &universe.agreeing(table, c, options.agreeing))),
    };
    let samples: Vec<_> = (0..columns).map(sample).collect();
    for round in 0..options.rounds {
        let change = model.round(&unique, round == 0);
        if matches!(round, 3 | 15) {
            model.doubt_families();
        }
        if matches!(round, 5 | 20) {
            model.depend(&samples);
        }
        if round > 25 && change < 1e-5 {
            break;
        }
    }
    let frequency: Vec<_> = (0..columns).map(|c| frequencies(table, c)).collect();
    let logs = model.logs();
    for (&(a, b), pattern) in candidates.iter().zip(&patterns) {
        let mut likelihoods = logs.likelihoods(pattern);
        for (c, level) in pattern.iter().enumerate() {
            let is_given = model.parents[c].is_some_and(|p| agrees(pattern[p]));
            if *level != Level::Same || is_given || kinds[c] == Kind::Ignored {
                continue;
            }
            // A value that few have tells more: its own share instead of that of an average one.
            let share = frequency[c].get(table.rows[a as usize][c].as_str()).copied().unwrap_or(1.0);
            likelihoods.0[2] += (share.max(0.5 / universe.rows as f64) / model.u[c][Level::Same as usize]).ln();
        }
        let [probability, ..] = likelihoods.posteriors();
        if probability >= options.least_probability {
            found.links.push(Link { a, b, probability });
        }
    }
    found.compared = candidates.len();
    (found.expected, found.families) = (model.lambda * universe.pairs(), model.phi * universe.pairs());
    found.weights = (0..columns).map(|c| std::array::from_fn(|l| (model.m[c][l], model.u[c][l]))).collect();
    found.parents = model.parents;
    found
}

fn compare_all(kinds: &[Kind], table: &Table, pairs: &[Pair]) -> Vec<Pattern> {
    let part = pairs.len().div_ceil(std::thread::available_parallelism().map_or(1, usize::from)).max(1);
    let work = |some: &[Pair]| {
        let each = some.iter().map(|&(a, b)| {
            let mut out = vec![Level::Missing; kinds.len()];
            levels(kinds, &table.rows[a as usize], &table.rows[b as usize], &mut out);
            out
        });
        each.collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = pairs.chunks(part).map(|some| scope.spawn(move || work(some))).collect();
        parts.into_iter().flat_map(|p| p.join().expect("comparing does not break down")).collect()
    })
}

/// Patterns and how often they occur, in a fixed order.
fn group(patterns: &[Pattern]) -> Vec<(Pattern, f64)> {
    let mut counts: HashMap<&[Level], f64> = HashMap::new();
    patterns.iter().for_each(|p| *counts.entry(p).or_default() += 1.0);
    let mut unique: Vec<_> = counts.into_iter().map(|(p, n)| (p.to_vec(), n)).collect();
    unique.sort_by(|x, y| x.0.cmp(&y.0));
    unique
}
