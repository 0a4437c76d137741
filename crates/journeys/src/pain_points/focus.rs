//! Which findings remain once shadows are no discoveries of their own.
//!
//! Benjamini–Hochberg holds the share of false findings among all that are found. Of those, many are
//! shadows of another or bear another name for the same instances, and almost all of these are true: what
//! is left to be read by itself then holds a larger share of the false ones. So the rate is held among
//! what stands by itself: of m comparisons, those k of the smallest p are kept for which m·p/k ≤ q, k
//! counting only what stands by itself (Focused BH: Katsevich, Sabatti & Bogomolov 2023, "Filtering the
//! rejection set while preserving false discovery rate control", JASA 118:165).

use super::Finding;
use throughline_value::words::certainty;

/// Keeps, of pain points and bright spots, those that stand at the rate and the shadows of those that do;
/// their q is the one among what stands by itself.
pub(super) fn focus(findings: Vec<Finding>, bright: Vec<Finding>, compared: usize, rate: f64) -> [Vec<Finding>; 2] {
    let own = |f: &&Finding| f.shadow_of.is_none();
    let mut p: Vec<f64> = findings.iter().chain(&bright).filter(own).map(|f| f.p).collect();
    p.sort_by(f64::total_cmp);
    let q_of = |own: f64| {
        let from = p.partition_point(|p| *p < own);
        let each = p.iter().enumerate().skip(from).map(|(at, p)| compared as f64 * p / (at + 1) as f64);
        each.fold(f64::INFINITY, f64::min).min(1.0)
    };
    let judged = |mut f: Finding| {
        if f.shadow_of.is_none() {
            f.q = q_of(f.p);
        }
        f
    };
    let stands = |f: &Finding| f.q <= rate && certainty(f.q).is_some();
    let said = |mut f: Finding| {
        f.certainty = certainty(f.q).unwrap_or(f.certainty);
        f
    };
    let bright = bright.into_iter().map(judged).filter(stands).map(said).collect();
    let findings: Vec<Finding> = findings.into_iter().map(judged).collect();
    let mut places: Vec<Option<usize>> = Vec::with_capacity(findings.len());
    let mut kept = 0;
    for f in &findings {
        let remains = stands(f.shadow_of.map_or(f, |caster| &findings[caster]));
        places.push(remains.then_some(kept));
        kept += usize::from(remains);
    }
    let remaining = findings.into_iter().zip(&places).filter(|(_, place)| place.is_some());
    let findings = remaining.map(|(mut f, _)| {
        f.shadow_of = f.shadow_of.and_then(|caster| places[caster]);
        said(f)
    });
    [findings.collect(), bright]
}

#[cfg(test)]
mod tests {
    use super::super::{Key, Kind, Name, Outcome};
    use super::*;
    use throughline_value::Estimate;

    fn finding(id: u64, p: f64, shadow_of: Option<usize>) -> Finding {
        Finding {
            key: Key { kind: Kind::Event, id },
            outcome: Outcome::Dissatisfaction,
            outcome_key: "dissatisfaction".into(),
            name: Name { kind: "event".into(), dimension: String::new(), value: id.to_string() },
            aliases: Vec::new(),
            ratio: Some(2.0),
            low: 1.5,
            high: Some(3.0),
            p,
            q: 0.0,
            certainty: "likely",
            proof: "",
            exposed: 20,
            exposed_events: 10,
            expected: 5.0,
            customers: 10,
            affected: Estimate::new(5.0, 3.0, 7.0, 10),
            stage: String::new(),
            shadow_of,
            revenue: None,
        }
    }

    #[test]
    fn shadows_make_nothing_likelier() {
        // Of 100 comparisons with q = 0.02 one that stands by itself needs p ≤ 0.0002, the second of two
        // p ≤ 0.0004: four shadows of the first do not help it.
        let shadows = (2..6).map(|id| finding(id, 1e-6, Some(0)));
        let with = |second: f64| {
            let all = [finding(0, 1e-9, None), finding(1, second, None)].into_iter().chain(shadows.clone()).collect();
            focus(all, Vec::new(), 100, 0.02)[0].iter().map(|f| f.key.id).collect::<Vec<_>>()
        };
        assert_eq!(with(0.000_39), [0, 1, 2, 3, 4, 5]);
        assert_eq!(with(0.000_41), [0, 2, 3, 4, 5]);
    }

    #[test]
    fn who_falls_takes_its_shadows_along_and_places_hold() {
        let all =
            vec![finding(0, 0.01, None), finding(1, 1e-9, Some(0)), finding(2, 1e-9, None), finding(3, 0.5, Some(2))];
        let [found, bright] = focus(all, vec![finding(9, 1e-5, None), finding(8, 0.3, None)], 50, 0.02);
        assert_eq!(found.iter().map(|f| (f.key.id, f.shadow_of)).collect::<Vec<_>>(), [(2, None), (3, Some(0))]);
        assert_eq!(bright.iter().map(|f| f.key.id).collect::<Vec<_>>(), [9]);
        assert!((bright[0].q - 50.0 * 1e-5 / 2.0).abs() < 1e-12 && bright[0].certainty == "very likely real");
    }
}
