//! Durations as people type them (`1h30m`) and read them (`1 h 30 min`).

use std::time::Duration;

/// The units, longest first: the letter that is typed, the name that is shown, and the seconds.
const UNITS: &[(char, &str, u64)] =
    &[('d', "d", 86_400), ('h', "h", 3_600), ('m', "min", 60), ('s', "s", 1)];

/// A thousand years, in seconds: no clock overflows when that is added to it.
const LONGEST: u64 = 1000 * 365 * 86_400;

/// Parses `2d`, `1h30m`, `15m`, `90s`, or a number of seconds such as `900`.
///
/// Each unit may stand once, longer units before shorter ones. The error says only what was
/// expected: clap adds the option and the value.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    parse(text)
        .filter(|seconds| *seconds <= LONGEST)
        .map(Duration::from_secs)
        .ok_or_else(|| "expected a duration such as `90s`, `15m`, `1h30m` or `2d`".to_owned())
}

fn parse(text: &str) -> Option<u64> {
    if let Some(seconds) = number(text) {
        return Some(seconds);
    }
    let (mut rest, mut units, mut total) = (text, UNITS, 0_u64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count = number(&rest[..digits])?;
        let letter = rest[digits..].chars().next()?;
        let place = units.iter().position(|(unit, ..)| *unit == letter)?;
        total = total.checked_add(count.checked_mul(units[place].2)?)?;
        units = &units[place + 1..];
        rest = &rest[digits + letter.len_utf8()..];
    }
    (!text.is_empty()).then_some(total)
}

fn number(text: &str) -> Option<u64> {
    // `str::parse` would accept a leading `+`.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// A span of time; what lies in the future took none.
pub fn of_seconds(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
}

/// The duration in its longest unit and the next smaller one, rounded down, as in `1 h 30 min`.
pub fn shown(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds == 0 && !duration.is_zero() {
        return format!("{} ms", duration.as_millis());
    }
    let longest = UNITS.iter().position(|(.., size)| seconds >= *size).unwrap_or(UNITS.len() - 1);
    let (_, name, size) = UNITS[longest];
    let mut out = format!("{} {name}", seconds / size);
    if let Some((_, name, next)) = UNITS.get(longest + 1)
        && seconds % size >= *next
    {
        out.push_str(&format!(" {} {name}", seconds % size / next));
    }
    out
}

/// The units of an age, longest first: the name, and the seconds.
const AGES: &[(&str, i64)] =
    &[("y", 365 * 86_400), ("mo", 30 * 86_400), ("d", 86_400), ("h", 3_600), ("min", 60)];

/// An age as people say it: `2 y 8 mo`, `3 mo`, `45 d`, `7 h`. What lies in the future is `0 s`.
pub fn age(seconds: i64) -> String {
    // Less than two months are days: one month more or less says too little.
    let is_long =
        |(name, size): &&(&str, i64)| seconds >= *size && (*name != "mo" || seconds >= 2 * size);
    let Some((name, size)) = AGES.iter().find(is_long) else {
        return format!("{} s", seconds.max(0));
    };
    let months = seconds % size / AGES[1].1;
    match (*name, months) {
        ("y", 1..) => format!("{} y {months} mo", seconds / size),
        _ => format!("{} {name}", seconds / size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let cases = [
            ("15m", Some((900, "15 min"))),
            ("90s", Some((90, "1 min 30 s"))),
            ("1h30m", Some((5_400, "1 h 30 min"))),
            ("1h5s", Some((3_605, "1 h"))),
            ("2d", Some((172_800, "2 d"))),
            ("1d2h3m4s", Some((93_784, "1 d 2 h"))),
            ("36h", Some((129_600, "1 d 12 h"))),
            ("900", Some((900, "15 min"))),
            ("0", Some((0, "0 s"))),
            ("0m", Some((0, "0 s"))),
            ("", None),
            ("m", None),
            ("15x", None),
            ("15 m", None),
            ("-5m", None),
            ("+5", None),
            ("1.5h", None),
            ("1h30", None),
            ("30m1h", None),
            ("1m1m", None),
            ("5é", None),
            ("99999999999999999999", None),
            ("999999999999999999d", None),
            ("365000d", Some((LONGEST, "365000 d"))),
            ("365001d", None),
            ("18446744073709551615", None),
        ];
        for (text, expected) in cases {
            let actual = parse_duration(text).ok().map(|d| (d.as_secs(), shown(d)));
            assert_eq!(actual, expected.map(|(s, text)| (s, text.to_owned())), "{text}");
        }
        assert_eq!(shown(Duration::from_millis(300)), "300 ms");
    }

    #[test]
    fn ages() {
        assert_eq!([5, -5].map(|seconds| of_seconds(seconds).as_secs()), [5, 0]);
        let day = 86_400;
        let cases = [
            (-5, "0 s"),
            (59, "59 s"),
            (61, "1 min"),
            (7_300, "2 h"),
            (59 * day, "59 d"),
            (60 * day, "2 mo"),
            (364 * day, "12 mo"),
            (365 * day, "1 y"),
            (980 * day, "2 y 8 mo"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(age(seconds), expected, "{seconds}");
        }
    }
}
