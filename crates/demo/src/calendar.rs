//! The shop's days: where each begins, and at which hours what happens.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use throughline_interactions::{Precision, Promise, Timestamp, Zone};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
/// Days of the story, and days after it that promises may name.
const DAYS: usize = 365;
const AHEAD: usize = 90;

/// When something of a kind happens: a weight for each hour of the day.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Hours {
    /// People at home: little at night, most after dinner.
    Home,
    /// Open stores.
    Store,
    /// Vans and the warehouse.
    Van,
    /// The help desk and the office.
    Desk,
}

impl Hours {
    fn weights(self) -> &'static [u8; 24] {
        match self {
            Self::Home => &[2, 1, 1, 0, 0, 1, 2, 3, 4, 5, 5, 5, 6, 5, 4, 4, 5, 6, 7, 9, 10, 10, 7, 4],
            Self::Store => &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 6, 7, 6, 5, 5, 7, 10, 9, 5, 0, 0, 0, 0],
            Self::Van => &[0, 0, 0, 0, 0, 0, 0, 1, 5, 8, 10, 10, 9, 8, 8, 7, 5, 3, 1, 0, 0, 0, 0, 0],
            Self::Desk => &[0, 0, 0, 0, 0, 0, 0, 0, 6, 10, 10, 9, 6, 8, 9, 8, 6, 2, 0, 0, 0, 0, 0, 0],
        }
    }
}

/// The days of the story in local time.
#[derive(Debug)]
pub(crate) struct Calendar {
    /// The last moment, in microseconds.
    pub end: i64,
    /// The shop's zone.
    pub zone: Zone,
    midnights: Vec<i64>,
}

impl Calendar {
    pub(crate) fn new(end: Timestamp) -> Self {
        let zone = Zone::new(crate::ZONE).expect("the time zone database is bundled");
        let next_midnight = |at: i64| {
            let day = Promise { kind: String::new(), due: Timestamp(at), precision: Precision::Day };
            day.deadline(&zone).map_or(at.saturating_add(DAY), |last| last.0 + 1)
        };
        let mut midnights = vec![next_midnight(end.0.saturating_sub(DAYS as i64 * DAY))];
        while midnights.len() < DAYS + AHEAD {
            midnights.push(next_midnight(midnights[midnights.len() - 1]));
        }
        Self { end: end.0, zone, midnights }
    }

    /// Days from the first to the one that holds the end.
    pub(crate) fn days(&self) -> usize {
        self.day_of(self.end) + 1
    }

    /// The local beginning of a day, in microseconds; days are counted from the first.
    pub(crate) fn midnight(&self, day: usize) -> i64 {
        self.midnights[day.min(self.midnights.len() - 1)]
    }

    /// The day of a moment.
    pub(crate) fn day_of(&self, at: i64) -> usize {
        self.midnights.partition_point(|m| *m <= at).saturating_sub(1)
    }

    /// 0 for Monday.
    pub(crate) fn weekday(&self, day: usize) -> i64 {
        (self.date(day) + 3).rem_euclid(7)
    }

    /// 1 for January.
    pub(crate) fn month(&self, day: usize) -> i64 {
        // With years that begin in March: http://howardhinnant.github.io/date_algorithms.html
        let of_era = (self.date(day) + 719_468).rem_euclid(146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * day_of_year + 2) / 153;
        if month < 10 { month + 3 } else { month - 9 }
    }

    /// Days since 1970-01-01 of the local date: at local noon it is the same day in UTC.
    fn date(&self, day: usize) -> i64 {
        (self.midnight(day) + 12 * HOUR).div_euclid(DAY)
    }

    /// A moment of that day, at an hour at which such things happen.
    pub(crate) fn moment(&self, rng: &mut ChaCha8Rng, day: usize, hours: Hours) -> i64 {
        let weights = hours.weights();
        loop {
            let hour = rng.random_range(0..24_usize);
            if rng.random_range(0..10_u8) < weights[hour] {
                return self.midnight(day) + hour as i64 * HOUR + rng.random_range(0..HOUR);
            }
        }
    }

    /// A moment `days` after `at`, in any case some minutes after it.
    pub(crate) fn later(&self, rng: &mut ChaCha8Rng, at: i64, days: usize, hours: Hours) -> i64 {
        let mut day = self.day_of(at) + days;
        while matches!(hours, Hours::Desk) && self.weekday(day) >= 5
            || !matches!(hours, Hours::Home) && self.weekday(day) == 6
        {
            day += 1;
        }
        let soonest = at + rng.random_range(4 * 60..90 * 60) * 1_000_000;
        self.moment(rng, day, hours).max(soonest)
    }

    /// The day itself, or Monday for a Sunday.
    pub(crate) fn delivery_day(&self, day: usize) -> usize {
        if self.weekday(day) == 6 { day + 1 } else { day }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_local_days() {
        // 2026-06-01 was a Monday; the story begins on the first whole day of its year.
        let calendar = Calendar::new(Timestamp::parse("2026-06-01T12:00:00Z", None).unwrap().instant);
        let check = |day: usize, begins: &str, weekday: i64, month: i64| {
            assert_eq!(Timestamp(calendar.midnight(day)).to_string(), begins);
            assert_eq!((calendar.weekday(day), calendar.month(day)), (weekday, month), "{begins}");
            assert_eq!(calendar.day_of(calendar.midnight(day)), day);
        };
        check(0, "2025-06-01T22:00:00Z", 0, 6);
        check(28, "2025-06-29T22:00:00Z", 0, 6);
        check(29, "2025-06-30T22:00:00Z", 1, 7);
        check(213, "2025-12-31T23:00:00Z", 3, 1);
        check(300, "2026-03-28T23:00:00Z", 6, 3);
        check(301, "2026-03-29T22:00:00Z", 0, 3);
        assert_eq!(calendar.days(), 365);
    }
}
