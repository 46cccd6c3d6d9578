//! Timestamps as people and JSON documents read them: RFC 3339 in UTC with milliseconds. Written by hand because it is
//! thirty lines and the alternative is a calendar library. Days to dates by Howard Hinnant's `civil_from_days`.

use crate::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// `2026-11-21T01:02:03.456Z`. Years outside 0..=9999 do not occur: timestamps are the server's own.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    let ms = at.as_millis();
    let (year, month, day) = date(ms.div_euclid(DAY_MS));
    let rest = ms.rem_euclid(DAY_MS);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1_000 % 60,
        rest % 1_000
    )
}

/// Year, month and day of the day this many days after 1970-01-01. The year is counted from March, so that the leap
/// day comes last and every month has a fixed start.
const fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let civil_month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400;
    (if civil_month <= 2 { year + 1 } else { year }, civil_month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants_are_written_in_utc_with_milliseconds() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000Z"),
            (1_795_223_045_678_901, "2026-11-21T01:04:05.678Z"),
            (4_107_542_399_999_999, "2100-02-28T23:59:59.999Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(rfc3339(Timestamp(micros)), text);
        }
    }
}
