//! Slows down whoever guesses passwords, and whoever answers faster than people do.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use throughline_interactions::Timestamp;

/// So many failures are free.
const FREE: u32 = 5;
/// The longest wait, in seconds.
const LONGEST: i64 = 900;
/// Failures are forgotten after so long, in seconds.
const MEMORY: i64 = 3600;

/// Failures per address and per account. After five, each failure doubles the wait, to a quarter
/// of an hour.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<String, (u32, i64)>>);

impl Throttle {
    /// How many seconds `who` has to wait; 0 when the next try is free.
    pub fn wait(&self, who: &str, now: Timestamp) -> i64 {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.get(who).map_or(0, |&(failures, last)| (last + wait_after(failures) - now.seconds()).max(0))
    }

    /// Notes a failure.
    pub fn failed(&self, who: &str, now: Timestamp) {
        let now = now.seconds();
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.retain(|_, (_, last)| now - *last < MEMORY);
        let entry = map.entry(who.to_owned()).or_insert((0, now));
        *entry = (entry.0.saturating_add(1), now);
    }

    /// Forgets the failures of somebody who got in.
    pub fn succeeded(&self, who: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(who);
    }
}

fn wait_after(failures: u32) -> i64 {
    match failures.checked_sub(FREE) {
        None => 0,
        Some(more) => (1_i64 << more.min(20)).min(LONGEST),
    }
}

/// So many a minute, and no more.
#[derive(Debug, Default)]
pub struct Pace(Mutex<HashMap<String, (i64, u32)>>);

impl Pace {
    /// Takes one of `most` a minute for `who`; the seconds to wait where all are taken.
    pub fn take(&self, who: &str, most: u32, now: Timestamp) -> Result<(), i64> {
        let (minute, second) = (now.seconds().div_euclid(60), now.seconds().rem_euclid(60));
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.retain(|_, (of, _)| *of == minute);
        let entry = map.entry(who.to_owned()).or_insert((minute, 0));
        entry.1 = entry.1.saturating_add(1);
        if entry.1 > most { Err(60 - second) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_begins_anew_with_each_minute() {
        let pace = Pace::default();
        let at = |second: i64| Timestamp::from_seconds(6_000 + second);
        let takes: Vec<_> = (0..4).map(|n| pace.take("a", 2, at(10 + n))).collect();
        assert_eq!(takes, [Ok(()), Ok(()), Err(48), Err(47)]);
        assert_eq!((pace.take("b", 2, at(13)), pace.take("a", 2, at(60))), (Ok(()), Ok(())));
    }

    #[test]
    fn each_failure_after_the_fifth_doubles_the_wait() {
        let throttle = Throttle::default();
        let at = Timestamp::from_seconds(1_000_000);
        let mut waits = Vec::new();
        for _ in 0..8 {
            waits.push(throttle.wait("ana", at));
            throttle.failed("ana", at);
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4]);
        assert_eq!(throttle.wait("ben", at), 0);
        assert_eq!(throttle.wait("ana", Timestamp::from_seconds(1_000_100)), 0);
        throttle.succeeded("ana");
        assert_eq!(throttle.wait("ana", at), 0);
    }
}
