//! Weights in the ranges of `Accept` and `Accept-Language`.

/// Weights have up to three decimals, so thousandths hold them exactly.
pub(super) const WEIGHT_MAX: u32 = 1_000;

/// Parses a weight such as `q=0.8` in thousandths. An unreadable weight is 0, which means unwanted.
pub(crate) fn weight(parameter: &str) -> u32 {
    let Some(text) = parameter.trim().strip_prefix("q=") else { return WEIGHT_MAX };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction:0<3}");
    if fraction.len() > 3 || digits.len() != 4 {
        return 0;
    }
    digits.parse().unwrap_or(0).min(WEIGHT_MAX)
}
