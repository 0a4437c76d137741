use throughline_value::interval::wilson;
use throughline_value::planning::{POWER, answers_for_share, needed_against, needed_to_tell_apart};
use throughline_value::shares::{Share, difference};

use crate::draw;

#[test]
fn answers_for_a_share_as_counting_up_finds_them() {
    for (share, reach, expected) in
        [(0.5, 0.1, 93), (0.15, 0.1, 49), (0.0, 0.1, 16), (0.5, 0.05, 381), (0.3, 0.03, 894)]
    {
        assert_eq!(answers_for_share(share, reach), expected, "{share} ± {reach}");
    }
    // Where the share can be met exactly, Wilson's interval is as narrow as promised, and one answer
    // fewer would not do.
    let width = |n: u64| wilson(n / 2, n).unwrap().half_width();
    assert!(width(94) <= 0.1 && width(92) > 0.1);
}

// R 4.4: power.prop.test(p1 = .50, p2 = .75, power = .90) gives n = 76.7 (its own example); the others
// by the same formula at power .8: 57.7, 199.0.
#[test]
fn needed_as_r_says() {
    assert_eq!(needed_to_tell_apart(0.5, 0.75, 1.0), Some(58));
    assert_eq!(needed_to_tell_apart(0.1, 0.2, 1.0), Some(199));
    assert_eq!(needed_to_tell_apart(0.2, 0.1, 1.0), Some(199));
    assert_eq!(needed_to_tell_apart(0.1, 0.2, 3.0), Some(139));
    assert_eq!(needed_to_tell_apart(0.2, 0.2, 1.0), None);
    assert_eq!(needed_to_tell_apart(0.2, 1.2, 1.0), None);
}

#[test]
fn a_group_that_is_given_is_matched_by_the_fewest_that_do() {
    let check = |n: u64| {
        let m = needed_against(0.1, 0.2, n).unwrap();
        let enough = |m: u64| needed_to_tell_apart(0.1, 0.2, m as f64 / n as f64).unwrap() <= n;
        assert!(enough(m) && !enough(m - 1), "{n}: {m}");
        m
    };
    assert_eq!(check(199), 199);
    assert!(check(400) < check(250));
    assert_eq!(needed_against(0.1, 0.2, 20), None, "twenty are too few beside any number");
}

#[test]
fn so_many_show_it_as_often_as_planned() {
    let n = needed_to_tell_apart(0.1, 0.2, 1.0).unwrap();
    let mut rng = draw::rng(5);
    let mut shown = 0;
    for _ in 0..2_000 {
        let mut one = |p| Share { events: draw::binomial(&mut rng, n, p), n };
        let (first, second) = (one(0.1), one(0.2));
        shown += usize::from(!difference(first, second).unwrap().contains(0.0));
    }
    let share = f64::from(shown as u32) / 2_000.0;
    assert!((share - POWER).abs() < 0.04, "{share}");
}
