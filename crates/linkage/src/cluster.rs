//! People: records that links join, directly or by way of others.

use crate::model::Link;
use std::collections::{HashMap, HashSet};

/// Of two groups that are joined, the least share of pairs across that are links.
const ACROSS: f64 = 0.25;

/// For each of `n` records the smallest record of the group that is taken for one person, by the links that
/// are at least so probable.
///
/// The most probable links join first. A record joins a group by one link; two groups of several records are
/// joined only where more than one pair of them says so, because a single link is wrong sooner or later, and
/// would make two people one with everything they have.
pub fn people(n: usize, links: &[Link], least: f64) -> Vec<u32> {
    let mut links: Vec<&Link> = links.iter().filter(|l| l.probability >= least).collect();
    links.sort_by(|x, y| y.probability.total_cmp(&x.probability).then((x.a, x.b).cmp(&(y.a, y.b))));
    let mut partners: HashMap<u32, HashSet<u32>> = HashMap::new();
    for l in &links {
        partners.entry(l.a).or_default().insert(l.b);
        partners.entry(l.b).or_default().insert(l.a);
    }
    let mut group: Vec<u32> = (0..n as u32).collect();
    let mut members: HashMap<u32, Vec<u32>> = HashMap::new();
    // A link that was refused may hold once a group has grown.
    let mut waiting = links;
    loop {
        let before = waiting.len();
        waiting.retain(|l| {
            let (a, b) = (group[l.a as usize], group[l.b as usize]);
            if a == b {
                return false;
            }
            let of = |g: u32| members.get(&g).cloned().unwrap_or_else(|| vec![g]);
            let (mut ours, theirs) = (of(a), of(b));
            if ours.len() > 1 && theirs.len() > 1 {
                let linked = |x: &u32| partners.get(x).map_or(0, |p| theirs.iter().filter(|t| p.contains(t)).count());
                let across: usize = ours.iter().map(linked).sum();
                if across < 2 || (across as f64) < ACROSS * (ours.len() * theirs.len()) as f64 {
                    return true;
                }
            }
            let joined = a.min(b);
            ours.extend(theirs);
            ours.iter().for_each(|m| group[*m as usize] = joined);
            members.remove(&a.max(b));
            members.insert(joined, ours);
            false
        });
        if waiting.len() == before {
            return group;
        }
    }
}
