//! Spans of time as people write them: a whole number and its unit, as `250ms`, `4s`, `2d`.

use core::fmt;
use core::time::Duration;

/// The units, the largest first, in milliseconds.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a span of time, in milliseconds, seconds, minutes, hours or days; `None` for other text
/// or a number past 2^64 milliseconds.
pub fn read_span(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let number: u64 = number.parse().ok()?;
    let (_, ms) = UNITS.iter().find(|(name, _)| *name == unit.trim())?;
    number.checked_mul(*ms).map(Duration::from_millis)
}

/// Writes a span of time in the largest unit that makes it a whole number; what is below a
/// millisecond is cut off.
///
/// # Errors
///
/// Those of the formatter.
pub fn write_span(span: Duration, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let unit = UNITS.iter().find(|(_, size)| ms > 0 && ms.is_multiple_of(*size));
    let (name, size) = unit.copied().unwrap_or(("ms", 1));
    write!(f, "{}{name}", ms / size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    struct Shown(Duration);

    impl fmt::Display for Shown {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_span(self.0, f)
        }
    }

    #[test]
    fn text_goes_both_ways() {
        for text in ["0ms", "250ms", "4s", "90s", "5m", "1h", "36h", "2d"] {
            assert_eq!(Shown(read_span(text).unwrap()).to_string(), text);
        }
        assert_eq!(read_span("60s"), read_span("1 m"));
        for wrong in ["", "4", "s", "-4s", "4 weeks", "4.5s", "99999999999999999999s"] {
            assert_eq!(read_span(wrong), None, "{wrong}");
        }
        assert_eq!(read_span("213503982334602d"), None);
    }
}
